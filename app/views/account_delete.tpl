% rebase("layout.tpl")
<form class="narrow" method="post" action="/settings/delete/" novalidate>
{{!token_input}}
<p>The account <strong>{{visitor.email}}</strong>, its pads and its notes will be deleted. This cannot be undone. You may want to <a href="/settings/export/" download>download your notes</a> first.</p>
% include("field.tpl", name="password", label="Your password", type="password", focus=False, attributes=' autocomplete="current-password" maxlength="256"')
<div class="actions"><button class="button danger">Delete my account</button> <a href="/settings/">Keep it</a></div>
</form>
