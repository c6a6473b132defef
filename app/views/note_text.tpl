% error = form.errors.get("text")
<div class="field">
<label for="text">{{!label}}</label>
<textarea id="text" name="text" rows="14" required aria-describedby="{{'text-error ' if error else ''}}text-hint"{{!' aria-invalid="true"' if error else ''}}{{!' autofocus' if (error and 'name' not in form.errors) or (focus and form.ok) else ''}}>
{{form["text"]}}</textarea>
% if error:
<p class="error" id="text-error">{{error}}</p>
% end
<p class="hint" id="text-hint">Markdown works: *emphasis*, **strong**, - lists, - [ ] tasks, # headings, [links](https://example.com).</p>
</div>
