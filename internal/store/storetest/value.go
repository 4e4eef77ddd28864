package storetest

import (
	"strings"
	"time"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
)

func values() []clause {
	return []clause{
		{"texts come back exactly", textsExact},
		{"times come back in UTC to the microsecond", timesExact},
	}
}

func textsExact(s *scene) {
	author := s.user()
	for name, text := range map[string]string{
		"emoji":           "👩‍👩‍👧‍👦 🏳️‍🌈 1️⃣",
		"right to left":   "שלום \u202bمرحبا\u202c \u200f",
		"decomposed":      "e\u0301 is not é, nor is A\u030a Å",
		"CJK":             "漢字かなカナ한글𠮷",
		"controls":        "\ttab\r\nline\vand\x01\x7f\u0085\u2028\u2029",
		"quotes":          `'; DROP TABLE posts; -- "$1" \' \\ ?1 :a @b %s {{.}}`,
		"spaces":          "  \u00a0 kept \u3000 ",
		"byte order mark": "\ufeffx",
		"replacement":     "\ufffd\uffff\U0010ffff",
		"much":            strings.Repeat("𝄞", 100_000),
	} {
		post := s.newPost(author)
		post.Title, post.Content = text, text
		s.must(s.store.CreatePost(s.ctx, post))
		got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
		s.returns("Post("+name+")", got, err, post)

		renamed, err := s.store.UpdateProfile(s.ctx, author.ID, account.UpdateProfileInput{Name: &text})
		s.must(err)
		s.equal("UpdateProfile("+name+")", renamed.Name, text)
	}
	// as long as a slug may be, in the longest characters
	post := s.newPost(author)
	post.Slug = strings.Repeat("𠮷", 100)
	s.must(s.store.CreatePost(s.ctx, post))
	s.must(second(s.store.Post(s.ctx, blog.PostLookup{Slug: &post.Slug})))
}

func timesExact(s *scene) {
	author := s.user()
	for _, at := range []time.Time{
		time.UnixMicro(0).UTC(),
		time.UnixMicro(1).UTC(),
		time.Date(2026, 3, 29, 0, 59, 59, 999_999_000, time.UTC), // before Europe's clocks go forward
		time.Date(2026, 3, 29, 1, 0, 0, 1000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 5*3600+45*60), time.FixedZone("", -10*3600)} {
			post := s.newPost(author)
			post.ID, post.CreatedAt, post.UpdatedAt = id.NewPost(at), at.In(zone), at.In(zone)
			s.must(s.store.CreatePost(s.ctx, post))
			got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
			s.must(err)
			s.equal("Post().CreatedAt", got.CreatedAt, at)
			s.equal("Post().UpdatedAt", got.UpdatedAt, at)

			s.must(s.store.Disable(s.ctx, author.ID, at.In(zone)))
			a, err := s.store.Account(s.ctx, author.ID)
			s.must(err)
			s.equal("Account().DisabledAt", a.DisabledAt, &at)
		}
	}
}
