% rebase("layout.tpl")
<form class="narrow" method="post" action="/settings/email/{{link_token}}/">
{{!token_input}}
<p>Use <strong>{{new}}</strong> to sign in from now on?</p>
<div class="actions"><button class="button">Use this address</button> <a href="/">Keep the old one</a></div>
</form>
