% rebase("layout.tpl")
<form class="narrow" method="post" action="/forgot-password/" novalidate>
{{!token_input}}
<p>We will send you a link to choose a new password.</p>
% include("field.tpl", name="email", label="E-mail", type="email", focus=True, attributes=' autocomplete="username" maxlength="75"')
<div class="actions"><button class="button">Send the link</button> <a href="/signin/">Back to sign in</a></div>
</form>
