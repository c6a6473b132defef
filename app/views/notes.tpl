% rebase("layout.tpl")
<div class="tools">
% if pad_id is None:
<form class="search" role="search" action="/">
<input type="search" name="search" value="{{listing.search}}" aria-label="Search in notes" placeholder="Search" maxlength="200" accesskey="s">
<button class="button plain">Search</button>
% if listing.search:
<a href="/">All notes</a>
% end
</form>
% else:
<p class="pad-tools"><a href="/pads/{{pad_id}}/edit/">Rename pad</a> <a href="/pads/{{pad_id}}/delete/">Delete pad</a></p>
% end
</div>
% if notes:
<table class="notes">
<thead><tr>
<th scope="col"{{!listing.sorted_by("name")}}>Note
% include("order.tpl", field="name", what="name", up="A first", down="Z first")
</th>
% if pad_id is None:
<th scope="col" class="pad">Pad</th>
% end
<th scope="col" class="when"{{!listing.sorted_by("updated_at")}}>Last modified
% include("order.tpl", field="updated_at", what="date", up="oldest first", down="newest first")
</th>
</tr></thead>
<tbody>
% for note_id, name, updated_at, note_pad in notes:
<tr><td><a href="/notes/{{!note_id}}/">{{name}}</a></td>
% if pad_id is None:
%   if note_pad:
<td class="pad"><a href="/pads/{{!note_pad}}/">{{pad_names.get(note_pad, '')}}</a></td>
%   else:
<td class="pad none">No pad</td>
%   end
% end
<td class="when">{{!when(updated_at)}}</td></tr>
% end
</tbody>
</table>
% elif listing.search:
<p class="empty">No note contains all of “{{listing.search}}”.</p>
% elif total:
<p class="empty">There is no page {{listing.page}}. <a href="{{listing.url(page=1)}}">Go to the first one</a></p>
% else:
<p class="empty">Nothing here yet. Write your first note!</p>
% end
% if pages > 1:
<nav class="paging" aria-label="Pages">
% if listing.page > 1:
<a rel="prev" href="{{listing.url(page=min(listing.page - 1, pages))}}">← Previous page</a>
% end
<span>Page {{listing.page}} of {{pages}}</span>
% if listing.page < pages:
<a rel="next" href="{{listing.url(page=listing.page + 1)}}">Next page →</a>
% end
</nav>
% end
<p class="actions"><a class="button" href="/notes/create/{{'?pad=%d' % pad_id if pad_id else ''}}" accesskey="n">New note</a></p>
