% rebase("layout.tpl")
<form class="narrow" method="post" action="/settings/" novalidate>
<h2>Change password</h2>
{{!token_input}}
<input type="hidden" name="email" value="{{visitor.email}}" autocomplete="username">
% include("field.tpl", name="old_password", label="Old password", type="password", focus=False, attributes=' autocomplete="current-password" maxlength="256"')
% include("field.tpl", name="new_password", label="New password", type="password", focus=False, attributes=' autocomplete="new-password" minlength="8" maxlength="256"')
% include("field.tpl", name="repeat_new_password", label="Repeat new password", type="password", focus=False, attributes=' autocomplete="new-password" maxlength="256"')
<div class="actions"><button class="button">Change password</button></div>
</form>
<section>
<h2>Address and sessions</h2>
<p>You sign in with <strong>{{visitor.email}}</strong>.</p>
<p class="actions"><a class="button plain" href="/settings/email/">Change e-mail address</a> <a class="button plain" href="/settings/sessions/">Where you are signed in</a></p>
</section>
<section>
<h2>Time zone</h2>
<p>Times are shown as in {{visitor.time_zone or "the zone where Notejam runs"}}.</p>
<p class="actions"><a class="button plain" href="/settings/time-zone/">Change time zone</a></p>
</section>
<section>
<h2>Your notes are yours</h2>
<p>Download everything you wrote: one JSON file, and a Markdown file for each note.</p>
<p class="actions"><a class="button plain" href="/settings/export/" download>Download all notes</a> <a class="button plain" href="/settings/import/">Import notes…</a></p>
</section>
<section>
<h2>Delete account</h2>
<p>This deletes the account with all its pads and notes, at once and for good.</p>
<p class="actions"><a class="button plain danger" href="/settings/delete/">Delete account…</a></p>
</section>
