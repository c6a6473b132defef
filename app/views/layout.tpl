<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{title}} · Notejam</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Notejam keeps your notes, in pads, wherever you sign in.">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="{{!asset('icon.svg')}}" type="image/svg+xml">
<link rel="stylesheet" href="{{!asset('style.css')}}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<a class="logo" href="/" aria-label="notejam: all notes"><b>note</b>jam:</a>
<h1>{{title}}</h1>
<nav class="account" aria-label="Account">
% if visitor:
<span class="address">{{visitor.email}}</span>
<a href="/settings/">Account settings</a>
<form method="post" action="/signout/">{{!token_input}}<button class="link">Sign out</button></form>
% else:
<a href="/signup/">Sign up</a>
<a href="/signin/">Sign in</a>
% end
</nav>
</header>
<div class="{{!'columns' if visitor else 'single'}}">
% if visitor:
<nav class="pads" aria-labelledby="pads">
<h2 id="pads">My pads</h2>
% if visitor.pads:
<ul>
% for pad_id, name in visitor.pads:
<li><a href="/pads/{{pad_id}}/"{{!' aria-current="page"' if pad_id == active_pad else ''}}>{{name}}</a></li>
% end
</ul>
% else:
<p class="quiet">A pad groups notes that belong together.</p>
% end
<a class="new-pad" href="/pads/create/">New pad</a>
<a class="to-trash" href="/trash/">Trash</a>
</nav>
% end
<main id="content" tabindex="-1">
% if flash:
<div class="flash" role="status">{{flash.message}}
% if flash.undo:
<form method="post" action="{{flash.undo}}">{{!token_input}}<button class="link">Undo</button></form>
% end
</div>
% end
{{!base}}
</main>
</div>
</body>
</html>
