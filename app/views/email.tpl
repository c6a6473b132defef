% rebase("layout.tpl")
<form class="narrow" method="post" action="/settings/email/" novalidate>
{{!token_input}}
<p>Your address is <strong>{{visitor.email}}</strong>. We will send a link to the new one; it counts once you open that.</p>
% include("field.tpl", name="email", label="New e-mail", type="email", focus=True, attributes=' autocomplete="email" maxlength="75"')
% include("field.tpl", name="password", label="Your password", type="password", focus=False, attributes=' autocomplete="current-password" maxlength="256"')
<div class="actions"><button class="button">Send the link</button> <a href="/settings/">Keep the address</a></div>
</form>
