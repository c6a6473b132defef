% rebase("layout.tpl")
% if items:
<p class="quiet">What is deleted stays here for {{days}} days, then it goes for good.</p>
<table class="notes">
<thead><tr><th scope="col">Deleted</th><th scope="col" class="when">When</th><th scope="col" class="when">Undo</th></tr></thead>
<tbody>
% for item in items:
<tr><td><strong>{{item.name}}</strong><span class="line">{{item.about if item.kind == "notes" else "Pad with its notes: %d" % item.about}}</span></td>
<td class="when">{{!when(item.deleted_at)}}</td>
<td class="when"><form method="post" action="/{{item.kind}}/{{item.id}}/restore/">{{!token_input}}<button class="link" aria-label="Put back {{item.name}}">Put back</button></form></td></tr>
% end
</tbody>
</table>
<p class="actions"><a class="button plain danger" href="/trash/empty/">Empty the trash…</a></p>
% else:
<p class="empty">The trash is empty. What you delete stays here for {{days}} days.</p>
% end
