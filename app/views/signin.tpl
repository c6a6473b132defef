% rebase("layout.tpl")
<form class="narrow" method="post" action="/signin/" novalidate>
{{!token_input}}
% kept = [(name, value) for name, value in form.values.items() if name.startswith("kept-")]
% if kept:
<p class="notice" role="alert">You are signed out, so your note is not saved yet. It is kept on this page, and saved when you sign in.</p>
%   for name, value in kept:
<input type="hidden" name="{{name}}" value="{{value}}">
%   end
% end
<input type="hidden" name="next" value="{{form['next']}}">
% include("field.tpl", name="email", label="E-mail", type="email", focus=True, attributes=' autocomplete="username" maxlength="75"')
% include("field.tpl", name="password", label="Password", type="password", focus=False, attributes=' autocomplete="current-password" maxlength="256"')
<div class="actions"><button class="button">Sign in</button> <a href="/forgot-password/">Forgot password?</a></div>
<p class="quiet">New here? <a href="/signup/">Sign up</a></p>
</form>
