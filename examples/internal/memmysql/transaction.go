package memmysql

// before does what comes before the statement: it ends the transaction that the
// statement commits implicitly, and takes the turn for one that changes or locks
// something.
func (h *handler) before(s *session, st statement) error {
	if st.verb == "KILL" {
		return h.kill(st)
	}
	if s.inTransaction() && (st.kind == begin || st.kind == define || st.autocommits && !s.engine.GetIgnoreAutoCommit()) {
		if err := h.commit(s); err != nil {
			return err
		}
	}
	switch {
	case st.kind == write, st.kind == define:
		return h.takeTurn(s, st)
	case st.kind == read && s.inTransaction() && !h.turn.has(s) && s.readsCommitted():
		s.engine.Forget()
	}
	return nil
}

// commit commits the session's transaction and gives the turn back.
func (h *handler) commit(s *session) error {
	err := s.engine.CommitTransaction(s.newContext(), s.engine.GetTransaction())
	s.abandon()
	h.turn.give(s)
	return err
}

// takeTurn waits until the session may change tables. What the transaction has
// seen so far is forgotten: it was read without a lock, and a change must be
// made to what is committed last. So from its first change on, a transaction
// under REPEATABLE READ sees more than its snapshot.
func (h *handler) takeTurn(s *session, st statement) error {
	if h.turn.has(s) {
		return nil
	}
	wait := s.lockWait()
	if st.nowait {
		wait = 0
	}
	ctx, done := s.wait.begin(s.life)
	defer done()
	if err := h.turn.take(ctx, s, wait); err != nil {
		return err
	}
	if gone(s.conn.Conn) {
		// Its client has given up. Those who have not wait behind it.
		h.turn.give(s)
		return errClosed
	}
	s.engine.Forget()
	return nil
}

// after gives the turn back if the statement has ended the transaction. The
// engine leaves the one of a statement by itself open if that fails, and goes on
// to ignore autocommit after a definition.
func (h *handler) after(s *session) {
	if s.inTransaction() {
		return
	}
	s.abandon()
	h.turn.give(s)
}
