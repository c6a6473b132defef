% rebase("layout.tpl")
<form class="narrow" method="post" action="/reset-password/{{reset_token}}/" novalidate>
{{!token_input}}
% include("field.tpl", name="new_password", label="New password", type="password", focus=True, attributes=' autocomplete="new-password" minlength="8" maxlength="256"')
% include("field.tpl", name="repeat_new_password", label="Repeat new password", type="password", focus=False, attributes=' autocomplete="new-password" maxlength="256"')
<div class="actions"><button class="button">Change password</button></div>
</form>
