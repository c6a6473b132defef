% rebase("layout.tpl")
<form class="narrow" method="post" action="/notes/{{note_id}}/delete/">
{{!token_input}}
<p>Delete the note <strong>{{title}}</strong>? It stays in the <a href="/trash/">trash</a> for 30 days.</p>
<div class="actions"><a class="button plain" href="/notes/{{note_id}}/" autofocus>Keep it</a> <button class="button danger">Delete note</button></div>
</form>
