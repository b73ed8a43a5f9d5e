"""Addresses of the inbox, below /admin/inbox/."""

from django.urls import path

from leadsite.inbox import changes, live, views
from leadsite.inbox.access import for_staff
from leadsite.inbox.work import board, leads, quick_replies, views_kept
from leadsite.inbox.work import changes as work
from leadsite.inbox.writing import new_chat, templates

urlpatterns = [
    path("", for_staff(views.inbox), name="inbox"),
    path("list/", for_staff(views.chat_list), name="inbox-list"),
    path("live/", for_staff(live.live), name="inbox-live"),
    path("views/", for_staff(views_kept.keep), name="inbox-views"),
    path("board/", for_staff(board.board), name="inbox-board"),
    path("board/columns/", for_staff(board.columns), name="inbox-board-columns"),
    path("board/column/", for_staff(board.column), name="inbox-board-column"),
    path("board/<uuid:lead_id>/", for_staff(board.move), name="inbox-board-move"),
    path("preferences/", for_staff(changes.preferences), name="inbox-preferences"),
    path("new/", for_staff(new_chat.new_chat), name="inbox-new"),
    path("templates/refresh/", for_staff(templates.refresh), name="inbox-templates-refresh"),
    path("<uuid:conversation_id>/", for_staff(views.inbox), name="inbox-chat"),
    path("<uuid:conversation_id>/chat/", for_staff(views.chat), name="inbox-panes"),
    path("<uuid:conversation_id>/older/", for_staff(views.older), name="inbox-older"),
    path("<uuid:conversation_id>/reply/", for_staff(changes.reply), name="inbox-reply"),
    path("<uuid:conversation_id>/template/", for_staff(templates.template), name="inbox-template"),
    path("<uuid:conversation_id>/again/", for_staff(changes.again), name="inbox-again"),
    path("<uuid:conversation_id>/settle/", for_staff(changes.settle), name="inbox-settle"),
    path("<uuid:conversation_id>/conversation/", for_staff(changes.conversation), name="inbox-conversation"),
    path("<uuid:conversation_id>/lead/<uuid:lead_id>/", for_staff(leads.lead), name="inbox-lead"),
    path("<uuid:conversation_id>/quick/", for_staff(quick_replies.quick_replies), name="inbox-quick"),
    path("<uuid:conversation_id>/notes/", for_staff(work.add_a_note), name="inbox-notes"),
    path("<uuid:conversation_id>/notes/<uuid:note_id>/", for_staff(work.change_a_note), name="inbox-note"),
    path("<uuid:conversation_id>/snooze/", for_staff(work.snooze), name="inbox-snooze"),
    path("<uuid:conversation_id>/labels/", for_staff(work.label), name="inbox-labels"),
    path("<uuid:conversation_id>/presence/", for_staff(changes.presence), name="inbox-presence"),
]
