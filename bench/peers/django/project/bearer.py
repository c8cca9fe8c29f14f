import os
from types import SimpleNamespace


def middleware(get_response):
    """Who has the token is signed in; django_scim turns the others away."""
    wanted = "Bearer " + os.environ["TOKEN"]

    def answer(request):
        request.user = SimpleNamespace(is_authenticated=request.headers.get("Authorization") == wanted)
        return get_response(request)

    return answer
