% rebase("layout.tpl")
<p>{{explanation}}</p>
% if draft:
<form method="post" action="{{draft.path}}" novalidate>
{{!token_input}}
%   for name, value in draft.fields.items():
%     if name not in ("text", "preview", "merge"):
<input type="hidden" name="{{name}}" value="{{value}}">
%     end
%   end
<div class="field">
<label for="text">What you wrote{{": " + draft.fields["name"] if draft.fields.get("name") else ""}}</label>
<textarea id="text" name="text" rows="14">
{{draft.fields.get("text", "")}}</textarea>
<p class="hint">It is not saved yet. Keep this page until it is.</p>
</div>
<div class="actions"><button class="button">Send again</button> <a href="/">Back to the notes</a></div>
</form>
% else:
<p class="actions"><a class="button" href="/">Back to the notes</a></p>
% end
<p class="quiet">Error {{code}}</p>
