% rebase("layout.tpl")
% path = "/notes/%d/edit/" % note_id if note_id else "/notes/create/"
% if defined("gone"):
<p class="notice" role="alert">This note was deleted in another window, so nothing was saved to it. Your text is here: create it as a new note, or look into the <a href="/trash/">trash</a> first.</p>
% end
<form method="post" action="{{path}}" novalidate>
{{!token_input}}
% if note_id:
<input type="hidden" name="version" value="{{form['version']}}">
% end
% include("field.tpl", name="name", label="Name", type="text", focus=not note_id and preview is None, attributes=' maxlength="100" autocomplete="off"')
% include("note_text.tpl", label="Text", focus=bool(note_id) and preview is None)
% include("pad_choice.tpl")
<div class="actions"><button class="button">{{"Save" if note_id else "Create"}}</button>
<button class="button plain" name="preview" value="1">Preview</button>
% if note_id:
<a href="/notes/{{note_id}}/">Cancel</a> <a class="end danger" href="/notes/{{note_id}}/delete/">Delete note</a>
% else:
<a href="/">Cancel</a>
% end
</div>
</form>
% if preview is not None:
<section class="preview" aria-labelledby="preview">
<h2 id="preview">Preview (not saved yet)</h2>
<article class="text">{{!preview or "This text is too long to be shown as Markdown."}}</article>
</section>
% end
