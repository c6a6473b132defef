% rebase("layout.tpl")
<form class="narrow" method="post" action="/signout/">
{{!token_input}}
<p>Sign out of this browser?</p>
<div class="actions"><button class="button">Sign out</button> <a href="/">Stay</a></div>
</form>
