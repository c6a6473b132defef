% rebase("layout.tpl")
<p>These browsers are signed in. A session that is not used ends after 30 days.</p>
<ul class="sessions">
% for is_this, name, seen in sessions:
<li><b>{{name or "A browser"}}</b>{{" (this one)" if is_this else ""}}
<span class="quiet">last used {{!when(seen)}}</span>
</li>
% end
</ul>
<form method="post" action="/settings/sessions/">
{{!token_input}}
<div class="actions"><button class="button">Sign out everywhere else</button> <a href="/settings/">Back to the settings</a></div>
</form>
