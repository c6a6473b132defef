% rebase("layout.tpl")
<form class="narrow" method="post" action="/trash/empty/">
{{!token_input}}
<p>Delete everything in the trash for good? This cannot be undone.</p>
<div class="actions"><a class="button plain" href="/trash/" autofocus>Keep it</a> <button class="button danger">Delete for good</button></div>
</form>
