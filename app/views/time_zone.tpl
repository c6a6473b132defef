% rebase("layout.tpl")
% error = form.errors.get("time_zone")
<form class="narrow" method="post" action="/settings/time-zone/" novalidate>
{{!token_input}}
<div class="field">
<label for="time_zone">Show times in the zone of</label>
<select id="time_zone" name="time_zone"{{!' aria-invalid="true" aria-describedby="time_zone-error"' if error else ''}}>
<option value="">Where Notejam runs ({{default}})</option>
% for zone in zones:
<option{{!" selected" if zone == form["time_zone"] else ""}}>{{zone}}</option>
% end
</select>
% if error:
<p class="error" id="time_zone-error">{{error}}</p>
% end
</div>
<div class="actions"><button class="button">Save</button> <a href="/settings/">Cancel</a></div>
</form>
