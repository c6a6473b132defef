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
