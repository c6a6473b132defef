% rebase("layout.tpl")
<div class="tools">
<a class="button" href="/notes/create/{{'?pad=%d' % pad_id if pad_id else ''}}" accesskey="n">New note</a>
<form class="search" role="search" action="{{path}}">
<input type="search" name="search" value="{{listing.search}}" aria-label="Search in {{'this pad' if pad_id else 'notes'}}" placeholder="Search" maxlength="200" accesskey="s">
<button class="button plain">Search</button>
</form>
</div>
% if listing.search:
<p class="list-tools"><a href="{{path}}">End the search</a>
% if listing.order:
<a href="{{listing.url(order='', page=1)}}">Best first</a>
% end
% if pad_id:
<a href="/{{listing.url(page=1)}}">Search in all notes</a>
% end
</p>
% elif pad_id:
<p class="list-tools"><a href="/pads/{{pad_id}}/edit/">Rename pad</a> <a href="/pads/{{pad_id}}/delete/">Delete pad</a></p>
% end
% if rows:
% if listing.select:
<form method="post" action="/notes/move/">
{{!token_input}}<input type="hidden" name="back" value="{{path}}{{listing.url(select='')}}">
<p class="several"><label for="pad">Move the chosen notes to</label>
<select id="pad" name="pad"><option value="">No pad</option>
% for pad, name in visitor.pads:
<option value="{{pad}}">{{name}}</option>
% end
</select>
<button class="button" name="do" value="move">Move</button>
<button class="button plain danger" name="do" value="trash">Put into the trash</button>
<a href="{{path}}{{listing.url(select='')}}">Cancel</a></p>
% end
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
{{!rows}}</tbody>
</table>
% if listing.select:
</form>
% else:
<p class="list-tools"><a href="{{path}}{{listing.url(select='1')}}">Select several notes</a></p>
% end
% elif total:
<p class="empty">There is no page {{listing.page}}. <a href="{{path}}{{listing.url(page=1)}}">Go to the first one</a></p>
% elif listing.search:
<p class="empty">No note contains all of “{{listing.search}}”.</p>
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
