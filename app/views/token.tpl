<input type="hidden" name="{{token_field}}" value="{{token}}">
