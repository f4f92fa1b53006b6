"""Never executed: a site's guard answers messages itself and starts no code that came from a hub.

Flower asks that every app names a ClientApp. Should one be started all the same, it answers nothing.
"""

from flwr.clientapp import ClientApp

app = ClientApp()
