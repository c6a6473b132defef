% rebase("layout.tpl")
% path = "/notes/%d/edit/" % note_id if defined("note_id") else "/notes/create/"
<form method="post" action="{{path}}" novalidate>
{{!token_input}}
% include("field.tpl", name="name", label="Name", type="text", focus=True, attributes=' maxlength="100" autocomplete="off"')
% error = form.errors.get("text")
<div class="field">
<label for="text">Text</label>
<textarea id="text" name="text" rows="14" required maxlength="100000" aria-describedby="{{'text-error ' if error else ''}}text-hint"{{!' aria-invalid="true"' if error else ''}}{{!' autofocus' if error and 'name' not in form.errors else ''}}>
{{form["text"]}}</textarea>
% if error:
<p class="error" id="text-error">{{error}}</p>
% end
<p class="hint" id="text-hint">Markdown works: *emphasis*, **strong**, - lists, # headings, [links](https://example.com).</p>
</div>
% error = form.errors.get("pad")
<div class="field">
<label for="pad">Pad</label>
<select id="pad" name="pad"{{!' aria-invalid="true" aria-describedby="pad-error"' if error else ''}}>
<option value="">No pad</option>
% for pad_id, name in visitor.pads:
<option value="{{pad_id}}"{{' selected' if str(pad_id) == form["pad"] else ''}}>{{name}}</option>
% end
</select>
% if error:
<p class="error" id="pad-error">{{error}}</p>
% end
</div>
<div class="actions"><button class="button">{{button}}</button>
% if defined("note_id"):
<a href="/notes/{{note_id}}/">Cancel</a> <a class="end danger" href="/notes/{{note_id}}/delete/">Delete note</a>
% else:
<a href="/">Cancel</a>
% end
</div>
</form>
