% rebase("layout.tpl")
<form class="narrow" method="post" action="/pads/{{pad_id}}/delete/">
{{!token_input}}
<p>Delete the pad <strong>{{title}}</strong> with all its notes? They stay in the <a href="/trash/">trash</a> for 30 days.</p>
<div class="actions"><a class="button plain" href="/pads/{{pad_id}}/" autofocus>Keep it</a> <button class="button danger">Delete pad and notes</button></div>
</form>
