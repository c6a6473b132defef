% error = form.errors.get(name)
% first = error and name == next(iter(form.errors))
<div class="field">
<label for="{{!name}}">{{!label}}</label>
<input id="{{!name}}" name="{{!name}}" type="{{!type}}" value="{{'' if type == 'password' else form[name]}}" required{{!attributes}}{{!' aria-invalid="true" aria-describedby="%s-error"' % name if error else ''}}{{!' autofocus' if first or (focus and form.ok) else ''}}>
% if error:
<p class="error" id="{{!name}}-error">{{error}}</p>
% end
</div>
