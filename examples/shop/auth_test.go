package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// TestTokens: a token is its user's for a day, and nothing else is one.
func TestTokens(t *testing.T) {
	s := &shop{secret: []byte("one"), now: func() time.Time { return opening }}
	token, err := s.token(User{ID: 7})
	require.NoError(t, err)
	of := func(s *shop, header string) (int64, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		return s.bearer(r)
	}
	id, err := of(s, "Bearer "+token)
	require.NoError(t, err)
	require.EqualValues(t, 7, id)
	forged := func(method jwt.SigningMethod, key any, claims jwt.RegisteredClaims) string {
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return "Bearer " + text
	}
	lasting := jwt.NewNumericDate(opening.Add(time.Hour))
	for name, header := range map[string]string{
		"none": "", "no scheme": token, "another scheme": "Basic " + token, "damaged": "Bearer " + strings.ToLower(token),
		"unsigned":           forged(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.RegisteredClaims{Subject: "7", ExpiresAt: lasting}),
		"of another secret":  forged(jwt.SigningMethodHS256, []byte("two"), jwt.RegisteredClaims{Subject: "7", ExpiresAt: lasting}),
		"of another method":  forged(jwt.SigningMethodHS512, s.secret, jwt.RegisteredClaims{Subject: "7", ExpiresAt: lasting}),
		"without end":        forged(jwt.SigningMethodHS256, s.secret, jwt.RegisteredClaims{Subject: "7"}),
		"of nobody":          forged(jwt.SigningMethodHS256, s.secret, jwt.RegisteredClaims{Subject: "x", ExpiresAt: lasting}),
		"whose time is over": forged(jwt.SigningMethodHS256, s.secret, jwt.RegisteredClaims{Subject: "7", ExpiresAt: jwt.NewNumericDate(opening.Add(-time.Second))}),
	} {
		_, err := of(s, header)
		var p *problem
		require.ErrorAs(t, err, &p, name)
		require.Equal(t, http.StatusUnauthorized, p.status, name)
	}
	later := &shop{secret: s.secret, now: func() time.Time { return opening.Add(tokenLife + time.Second) }}
	_, err = of(later, "Bearer "+token)
	require.Error(t, err)
}

// TestPasswords: each kind of character has to be there, and not more than bcrypt takes.
func TestPasswords(t *testing.T) {
	require.NoError(t, checkPassword("Passw0rd!"))
	require.NoError(t, checkPassword("Ünïcödé1 €"))
	for _, password := range []string{"", "Pa0!", "passw0rd!", "PASSW0RD!", "Password!", "Passw0rdd", "Aa1!" + strings.Repeat("x", 69)} {
		require.Error(t, checkPassword(password), password)
	}
}
