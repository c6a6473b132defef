% rebase("layout.tpl")
% if done:
<div class="notice" role="status"><p>Notes added: {{done.notes}}. There already: {{done.known}}. New pads: {{done.pads}}.</p>
% if done.left_out:
<p>Left out: {{len(done.left_out)}}.</p>
<ul>
% for reason in done.left_out[:most]:
<li>{{reason}}</li>
% end
</ul>
% end
</div>
<p class="actions"><a class="button" href="/">To the notes</a></p>
% else:
% error = form.errors.get("file")
<form class="narrow" method="post" action="/settings/import/" enctype="multipart/form-data" novalidate>
{{!token_input}}
<p>Send a zip file: what “Download all notes” made, here or at another Notejam, or a folder of Markdown files, whose folders become pads. Notes that are here already, with the same name and text, are not added again; nothing is changed or deleted.</p>
<div class="field">
<label for="file">Zip file, at most 24 MB</label>
<input id="file" name="file" type="file" accept=".zip,application/zip" required{{!' aria-invalid="true" aria-describedby="file-error" autofocus' if error else ''}}>
% if error:
<p class="error" id="file-error">{{error}}</p>
% end
</div>
<div class="actions"><button class="button">Import</button> <a href="/settings/">Cancel</a></div>
</form>
% end
