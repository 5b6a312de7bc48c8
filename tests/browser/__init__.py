"""The browser side of the stand: the module's own XML drawn as pages, and who looks at them.

`make show` serves it to people, the tests here drive it in a real Chromium. It is a tool to look
with, and no second BILLmanager: what BILLmanager draws itself is only suggested, and marked so.
"""
