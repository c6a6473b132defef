% rebase("layout.tpl")
<form class="narrow" method="post" action="/signup/" novalidate>
{{!token_input}}
% include("field.tpl", name="email", label="E-mail", type="email", focus=True, attributes=' autocomplete="username" maxlength="75"')
% include("field.tpl", name="password", label="Password", type="password", focus=False, attributes=' autocomplete="new-password" minlength="8" maxlength="256"')
% include("field.tpl", name="repeat_password", label="Repeat password", type="password", focus=False, attributes=' autocomplete="new-password" maxlength="256"')
<div class="actions"><button class="button">Sign up</button> <a href="/signin/">Already have an account? Sign in</a></div>
</form>
