% rebase("layout.tpl")
<p>{{explanation}}</p>
<p class="actions"><a class="button" href="/">Back to the notes</a></p>
<p class="quiet">Error {{code}}</p>
