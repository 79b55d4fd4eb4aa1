package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// tombstone is the attribute that marks what a delete left. It is the only
// thing of the library's own that the reckoning knows.
const tombstone = "_cf_d"

// lookups is how many single lookups are made by each index, of values that
// are there and of values that are gone.
const lookups = 50

// gather reads both stores: plain SQL and plain DynamoDB calls, converted by
// this program's own code. What the library believes does not count here.
func (s *site) gather(ctx context.Context, b books) (evidence, error) {
	var e evidence
	var err error
	if e.rows, err = s.rows(ctx); err != nil {
		return e, fmt.Errorf("read all rows: %w", err)
	}
	if e.items, e.graves, err = s.items(ctx); err != nil {
		return e, fmt.Errorf("read all items: %w", err)
	}
	if e.usernames, err = s.index(ctx, usernameIndex, "username"); err != nil {
		return e, fmt.Errorf("read %s: %w", usernameIndex, err)
	}
	if e.emails, err = s.index(ctx, emailIndex, "email"); err != nil {
		return e, fmt.Errorf("read %s: %w", emailIndex, err)
	}
	if e.answers, err = s.ask(ctx, b); err != nil {
		return e, fmt.Errorf("look users up: %w", err)
	}
	return e, nil
}

// rows reads the users table. CAST gives MySQL's own text of dates and times.
func (s *site) rows(ctx context.Context) (map[int64]plain, error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT user_id, username, email, CAST(registration_date AS CHAR),"+
		" CAST(last_login AS CHAR), profile_data FROM users")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[int64]plain{}
	for rows.Next() {
		var p plain
		var name, email, day, login, profile sql.NullString
		if err := rows.Scan(&p.ID, &name, &email, &day, &login, &profile); err != nil {
			return nil, err
		}
		p.Username, p.Email, p.Registered = name.String, email.String, day.String
		if login.Valid {
			p.LastLogin = strings.Replace(login.String, " ", "T", 1) + "Z" // the session counts in UTC
		}
		if profile.Valid {
			if p.Profile, err = canonicalJSON([]byte(profile.String)); err != nil {
				return nil, fmt.Errorf("profile of user_id %d: %w", p.ID, err)
			}
		}
		all[p.ID] = p
	}
	return all, rows.Err()
}

// items reads the table of items with consistent reads.
func (s *site) items(ctx context.Context) (all map[int64]plain, graves int, err error) {
	all = map[int64]plain{}
	pages := dynamodb.NewScanPaginator(s.Client, &dynamodb.ScanInput{
		TableName: aws.String(s.tableName()), ConsistentRead: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, 0, err
		}
		for _, item := range page.Items {
			if dead, ok := item[tombstone].(*types.AttributeValueMemberBOOL); ok && dead.Value {
				graves++
				continue
			}
			p, err := s.plainItem(item)
			if err != nil {
				return nil, 0, err
			}
			all[p.ID] = p
		}
	}
	return all, graves, nil
}

// plainItem turns an item into a plain.
func (s *site) plainItem(item map[string]types.AttributeValue) (p plain, err error) {
	if p.ID, err = s.idOf(item); err != nil {
		return p, err
	}
	for column, to := range map[string]*string{
		"username": &p.Username, "email": &p.Email, "registration_date": &p.Registered, "last_login": &p.LastLogin,
	} {
		switch v := item[s.attribute(column)].(type) {
		case nil:
		case *types.AttributeValueMemberS:
			*to = v.Value
		default:
			return p, fmt.Errorf("%s of user_id %d is not of type S", s.attribute(column), p.ID)
		}
	}
	if v, ok := item[s.attribute("profile_data")]; ok {
		p.Profile, err = encode(plainValue(v))
	}
	return p, err
}

func (s *site) idOf(item map[string]types.AttributeValue) (int64, error) {
	n, ok := item[s.attribute("user_id")].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("an item's %s is not of type N", s.attribute("user_id"))
	}
	return strconv.ParseInt(n.Value, 10, 64)
}

// plainValue turns an attribute value into what encoding/json would read.
func plainValue(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return canonicalNumber(json.Number(v.Value))
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i := range list {
			list[i] = plainValue(v.Value[i])
		}
		return list
	case *types.AttributeValueMemberM:
		doc := make(map[string]any, len(v.Value))
		for k := range v.Value {
			doc[k] = plainValue(v.Value[k])
		}
		return doc
	}
	return nil
}

// index reads all of an index: value to the ids found under it, in order.
func (s *site) index(ctx context.Context, name, column string) (map[string][]int64, error) {
	all := map[string][]int64{}
	pages := dynamodb.NewScanPaginator(s.Client, &dynamodb.ScanInput{
		TableName: aws.String(s.tableName()), IndexName: aws.String(name),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			id, err := s.idOf(item)
			if err != nil {
				return nil, err
			}
			value, ok := item[s.attribute(column)].(*types.AttributeValueMemberS)
			if !ok {
				return nil, fmt.Errorf("user_id %d is in %s without its value", id, name)
			}
			all[value.Value] = append(all[value.Value], id)
			slices.Sort(all[value.Value])
		}
	}
	return all, nil
}

// ask looks some users up in both stores by what they have and by what they
// had before.
func (s *site) ask(ctx context.Context, b books) ([]answer, error) {
	var all []answer
	for _, l := range []struct {
		index, column string
		of            func(plain) string
	}{
		{usernameIndex, "username", func(p plain) string { return p.Username }},
		{emailIndex, "email", func(p plain) string { return p.Email }},
	} {
		have, had := 0, 0
		for _, id := range sortedIDs(b.accounts) {
			a := b.accounts[id]
			if a.now != nil && have < lookups {
				have++
				got, err := s.askBoth(ctx, l.index, l.column, l.of(*a.now), id)
				if err != nil {
					return nil, err
				}
				all = append(all, got)
			}
			if a.before != nil && had < lookups {
				had++
				got, err := s.askBoth(ctx, l.index, l.column, l.of(*a.before), id)
				if err != nil {
					return nil, err
				}
				all = append(all, got)
			}
		}
	}
	return all, nil
}

// askBoth makes one lookup in both stores.
func (s *site) askBoth(ctx context.Context, index, column, value string, id int64) (answer, error) {
	a := answer{index: index, id: id}
	err := s.DB.SelectContext(ctx, &a.mysql, "SELECT user_id FROM users WHERE "+column+" = ? ORDER BY user_id", value)
	if err != nil {
		return a, err
	}
	out, err := s.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(s.tableName()), IndexName: aws.String(index),
		KeyConditionExpression:    aws.String("#a = :v"),
		ExpressionAttributeNames:  map[string]string{"#a": s.attribute(column)},
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: value}},
	})
	if err != nil {
		return a, err
	}
	for _, item := range out.Items {
		found, err := s.idOf(item)
		if err != nil {
			return a, err
		}
		a.dynamo = append(a.dynamo, found)
	}
	slices.Sort(a.dynamo)
	return a, nil
}
