% rebase("layout.tpl")
<p class="notice" role="alert">This note was saved in another window ({{!when(saved_at)}}) after you opened it. Nothing is lost: both texts are here.</p>
<section class="preview" aria-labelledby="saved">
<h2 id="saved">What is saved</h2>
<p class="about">{{saved_name}} · {{saved_pad or "No pad"}}. Lines that are not in your text are marked.</p>
<pre class="text plain-text">
% for line, differs in lines:
{{!"<mark>" if differs else ""}}{{line}}{{!"</mark>" if differs else ""}}
% end
</pre>
<p class="actions"><a class="button plain" href="/notes/{{note_id}}/">Keep what is saved</a></p>
</section>
<form method="post" action="/notes/{{note_id}}/edit/" novalidate>
<h2>What you wrote</h2>
{{!token_input}}
<input type="hidden" name="version" value="{{form['version']}}">
% include("field.tpl", name="name", label="Name", type="text", focus=False, attributes=' maxlength="100" autocomplete="off"')
% include("note_text.tpl", label="Text", focus=False)
% include("pad_choice.tpl")
<div class="actions"><button class="button">Save mine instead</button>
<button class="button plain" name="merge" value="1">Put both texts together</button></div>
</form>
