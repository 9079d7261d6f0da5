"""Feedback: only from people who came, and told of them by nobody.

What is stored when somebody answers is two rows that share no column: a right that is spent
(`feedback_rights`: registration, activity; no time) and a sealed answer (`feedback_box`: activity,
day; no person, a random id). The request takes no Idempotency-Key, because a key keeps a hash of
the body, and few bodies are possible: the spent right itself makes a second sending harmless.

Every night the answers of the days before are taken out of the box (`mixing.py`). Five or more of
an activity become one group: its numbers are added to the activity's, its comments are kept by
themselves in no order, and the answers are gone. Fewer are sealed anew, lose their day and wait.
Nothing is ever published but sums of whole groups, in any table, at any tier and at any time, so
no subtraction between published figures can tell of fewer than five people (rules.py says why).
Answers that never become five are deleted when the time for feedback is over, and so are the
rights.

What an operator could still infer, said plainly:
- With the database and the key files: who answered (until the rights go), and each answer that
  still lies in the box, though not whose. Until the night both rows of one answer carry the same
  transaction number, and afterwards a backup, the write-ahead log or a page not yet vacuumed may
  still show it. When one person alone answered about an activity, the one answer is theirs.
- With the database alone: who answered; answers and comments are sealed.
- With the request log: when an account sent feedback; never what, and the row has no time.
- Somebody who can make four people answer as agreed learns the fifth answer of that group; a group
  that is of one mind tells what each of it thinks. No threshold on counts prevents either.
"""
