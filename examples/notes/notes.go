package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/crossfade-go/crossfade/dal"
)

// A Note is one note of one user. Its id grows with time, so the table's own key,
// userId and noteId, lists a user's notes in the order in which they were written.
type Note struct {
	UserID     string  `db:"user_id" json:"userId"`
	ID         string  `db:"note_id" json:"noteId"`
	Content    string  `db:"content" json:"content"`
	Attachment *string `db:"attachment" json:"attachment"`
	CreatedAt  int64   `db:"created_at" json:"createdAt"` // ms since 1970
}

// pageSize is how many notes a page of a list has.
const pageSize = 20

// newServer returns the service: a user's notes, whoever keeps them at the time.
// X-User-Id names the user; whatever stands before the service has made sure of it.
func newServer(notes *dal.Repository[Note]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		n, ok := read(w, r)
		if !ok {
			return
		}
		id, err := uuid.NewV7()
		if err != nil {
			reply(w, http.StatusCreated, nil, err)
			return
		}
		n.UserID, n.ID, n.CreatedAt = user(r), id.String(), time.Now().UnixMilli()
		reply(w, http.StatusCreated, n, notes.Create(r.Context(), &n))
	})
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		newest := dal.TableKey().Equal(user(r)).Descending()
		page, err := notes.Page(r.Context(), newest, r.FormValue("cursor"), pageSize)
		if page.Items == nil {
			page.Items = []Note{}
		}
		reply(w, http.StatusOK, map[string]any{"notes": page.Items, "next": page.Next}, err)
	})
	mux.HandleFunc("GET /notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		n, err := notes.Get(r.Context(), notes.Key(user(r), r.PathValue("id")))
		reply(w, http.StatusOK, n, err)
	})
	mux.HandleFunc("PUT /notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		change, ok := read(w, r)
		if !ok {
			return
		}
		var now Note
		err := notes.Update(r.Context(), notes.Key(user(r), r.PathValue("id")), func(n *Note) error {
			n.Content, n.Attachment = change.Content, change.Attachment
			now = *n
			return nil
		})
		reply(w, http.StatusOK, now, err)
	})
	mux.HandleFunc("DELETE /notes/{id}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, map[string]bool{"status": true}, notes.Delete(r.Context(), notes.Key(user(r), r.PathValue("id"))))
	})
	return signedIn(mux)
}

func user(r *http.Request) string { return r.Header.Get("X-User-Id") }

// signedIn lets nobody through who is not named.
func signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user(r) == "" {
			say(w, http.StatusUnauthorized, map[string]string{"error": "the header X-User-Id is missing"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxBody is how long a note may be sent, in bytes. An item has 400 KB.
const maxBody = 300 << 10

// read takes content and attachment from the body; the rest is not the client's.
func read(w http.ResponseWriter, r *http.Request) (Note, bool) {
	var n struct {
		Content    string  `json:"content"`
		Attachment *string `json:"attachment"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&n); err != nil {
		say(w, http.StatusBadRequest, map[string]string{"error": "the body is no JSON with content and attachment, or too long"})
		return Note{}, false
	}
	return Note{Content: n.Content, Attachment: n.Attachment}, true
}

// reply answers with the value, or with what an error means to the client.
func reply(w http.ResponseWriter, status int, value any, err error) {
	kinds := []struct {
		err    error
		status int
		text   string
	}{
		{dal.ErrNotFound, http.StatusNotFound, "there is no such note"},
		{dal.ErrTooLarge, http.StatusRequestEntityTooLarge, "the note is too large"},
		{dal.ErrInvalid, http.StatusBadRequest, "the cursor, the id or the note is not valid"},
		{err, http.StatusServiceUnavailable, "try again"},
	}
	if err == nil {
		say(w, status, value)
		return
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			if k.status == http.StatusServiceUnavailable {
				slog.Error("request failed", "err", err, "outcome", dal.OutcomeOf(err))
			}
			say(w, k.status, map[string]string{"error": k.text})
			return
		}
	}
}

func say(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
