% rebase("layout.tpl")
<p class="about">Last modified {{!when(updated_at)}}{{!", created " + when(created_at) if created_at != updated_at else ""}}
% if pad[1]:
· in <a href="/pads/{{pad[0]}}/">{{pad[1]}}</a>
% end
</p>
<p class="actions"><a class="button" href="/notes/{{note_id}}/edit/" accesskey="e">Edit</a>
% if html is None:
<a href="/notes/{{note_id}}/">Show as Markdown</a>
% else:
<a href="/notes/{{note_id}}/?plain=1">Show as plain text</a>
% end
<a class="end danger" href="/notes/{{note_id}}/delete/">Delete note</a></p>
% if html is None:
<pre class="text plain-text">{{text}}</pre>
% else:
<article class="text">{{!html}}</article>
% end
