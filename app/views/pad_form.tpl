% rebase("layout.tpl")
% path = "/pads/%d/edit/" % pad_id if defined("pad_id") else "/pads/create/"
<form class="narrow" method="post" action="{{path}}" novalidate>
{{!token_input}}
% include("field.tpl", name="name", label="Name", type="text", focus=True, attributes=' maxlength="100" autocomplete="off"')
<div class="actions"><button class="button">{{button}}</button>
% if defined("pad_id"):
<a href="/pads/{{pad_id}}/">Cancel</a> <a class="end danger" href="/pads/{{pad_id}}/delete/">Delete pad</a>
% else:
<a href="/">Cancel</a>
% end
</div>
</form>
