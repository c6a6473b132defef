% rebase("layout.tpl")
<form class="narrow" method="post" action="/notes/{{note_id}}/delete/">
{{!token_input}}
<p>Delete the note <strong>{{title}}</strong>? This cannot be undone.</p>
<div class="actions"><button class="button danger" autofocus>Delete note</button> <a href="/notes/{{note_id}}/">Keep it</a></div>
</form>
