% rebase("layout.tpl")
<form class="narrow" method="post" action="/pads/{{pad_id}}/delete/">
{{!token_input}}
<p>Delete the pad <strong>{{title}}</strong> with all its notes? This cannot be undone.</p>
<div class="actions"><button class="button danger" autofocus>Delete pad and notes</button> <a href="/pads/{{pad_id}}/">Keep it</a></div>
</form>
