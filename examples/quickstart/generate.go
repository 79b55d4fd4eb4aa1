package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// firstGenerated is the user_id of the first generated row. Rows of the CSV
// file that lie above it are stepped over.
const firstGenerated = 1000

// generate returns n users that share no unique value with the given ones. The
// same seed gives the same users.
func generate(n int, seed uint64, given []csvRow) []plain {
	taken := map[any]bool{}
	for _, r := range given {
		taken[r.ID], taken[r.Username], taken[r.Email] = true, true, true
	}
	random := rand.New(rand.NewPCG(seed, 1))
	users := make([]plain, 0, n)
	for id := int64(firstGenerated); len(users) < n; id++ {
		u := fresh(id, 0, random)
		if !taken[u.ID] && !taken[u.Username] && !taken[u.Email] {
			users = append(users, u)
		}
	}
	return users
}

// fresh returns a user with that id. Its unique values hold the id and the
// version, so that no two keys, and no two versions of one, ever share them.
func fresh(id int64, version int64, random *rand.Rand) plain {
	name := fmt.Sprintf("%s-%d", pick(random, "ada", "björn", "chloé", "dmitri", "emi", "fatima"), id)
	if version > 0 {
		name += fmt.Sprintf(".%d", version)
	}
	u := plain{ID: id, Username: name, Email: name + "@" + pick(random, "example.com", "test.com")}
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(1500))
	if random.IntN(20) > 0 {
		u.Registered = day.Format(dateLayout)
	}
	if random.IntN(4) > 0 {
		u.LastLogin = day.Add(time.Duration(random.IntN(100_000_000)) * time.Second).Format(timeLayout)
	}
	if random.IntN(10) > 0 {
		u.Profile = freshProfile(random)
	}
	return u
}

// freshProfile returns documents of several forms, among them characters of
// four bytes, decimals, an empty text and the text "null".
func freshProfile(random *rand.Rand) string {
	doc := map[string]any{"bio": pick(random, "Loves dogs", "Enjoys cats", "Likes birds", "🐕 & 🐈 <3", "", "null")}
	if random.IntN(3) == 0 {
		doc["tags"] = []any{"early", true, nil, random.IntN(100)}
	}
	if random.IntN(3) == 0 {
		doc["score"] = json.Number(fmt.Sprintf("%d.%02d", random.IntN(1000), random.IntN(100)))
	}
	text, _ := encode(canonical(doc)) // strings, booleans and numbers: it can't fail
	return text
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }
