package dynamotest

import (
	"strings"
	"time"
)

// recoveryDays is how far back a point-in-time recovery goes if nobody says less.
const recoveryDays = 35

type pointInTimeRecovery struct {
	PointInTimeRecoveryEnabled *bool
	RecoveryPeriodInDays       *int
}

type updateContinuousBackupsInput struct {
	TableName                        *string
	PointInTimeRecoverySpecification *pointInTimeRecovery
}

// backups are a table's continuous backups, of which there is only the switch:
// nothing can be restored.
type backups struct {
	since time.Time // zero if they are off
	days  int
}

// backedUp returns the table of an operation on backups, which call one that is not
// there by another name than the others do.
func (c *call) backedUp(name *string) (*table, error) {
	n, err := checkTable(name)
	if err != nil {
		return nil, err
	}
	t, err := c.describedTable(n)
	if err != nil {
		return nil, refuse("TableNotFoundException", "Table not found: %s", n)
	}
	return t, nil
}

func (c *call) updateContinuousBackups(in *updateContinuousBackupsInput) error {
	spec := in.PointInTimeRecoverySpecification
	switch {
	case spec == nil:
		return violated("null", "pointInTimeRecoverySpecification", "Member must not be null")
	case spec.PointInTimeRecoveryEnabled == nil:
		return violated("null", "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled", "Member must not be null")
	}
	days := recoveryDays
	if spec.RecoveryPeriodInDays != nil {
		days = *spec.RecoveryPeriodInDays
		const name = "pointInTimeRecoverySpecification.recoveryPeriodInDays"
		if err := atLeast(days, 1, name); err != nil {
			return err
		}
		if err := atMost(days, recoveryDays, name); err != nil {
			return err
		}
	}
	t, err := c.backedUp(in.TableName)
	if err != nil {
		return err
	}
	if err := t.lock(); err != nil {
		return err
	}
	defer t.mu.Unlock()
	switch {
	case !t.serves():
		return refuse("ContinuousBackupsUnavailableException", "Backups are being enabled for the table: %s. Please retry later", t.name)
	case !*spec.PointInTimeRecoveryEnabled:
		t.backups = backups{}
	case t.backups.since.IsZero():
		t.backups = backups{since: c.Now(), days: days}
	default:
		t.backups.days = days
	}
	c.value("ContinuousBackupsDescription", t.backups.describe(c.Now()))
	return nil
}

func (c *call) describeContinuousBackups(in *tableInput) error {
	t, err := c.backedUp(in.TableName)
	if err != nil {
		return err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c.value("ContinuousBackupsDescription", t.backups.describe(c.Now()))
	return nil
}

func (b backups) describe(now time.Time) description {
	recovery := description{"PointInTimeRecoveryStatus": "DISABLED"}
	if !b.since.IsZero() {
		first := now.AddDate(0, 0, -b.days)
		if first.Before(b.since) {
			first = b.since
		}
		recovery = description{"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": b.days,
			"EarliestRestorableDateTime": seconds(first), "LatestRestorableDateTime": seconds(now)}
	}
	return description{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
}

// An encryption says whose key a table is encrypted with; nothing is.
type encryption struct {
	Enabled        bool
	SSEType        string
	KMSMasterKeyId string
}

func (e *encryption) check() error {
	switch {
	case e == nil:
		return nil
	case !e.Enabled && e.KMSMasterKeyId != "":
		return invalid("One or more parameter values were invalid: KMSMasterKeyId cannot be specified when SSE is disabled")
	}
	return oneOf(e.SSEType, "sSESpecification.sSEType", "AES256", "KMS")
}

// describe returns what is said of a table's key, nil of one that belongs to the
// service. Keys named by alias have some ARN, which the service would look up.
func (e *encryption) describe() description {
	if e == nil || !e.Enabled {
		return nil
	}
	arn := e.KMSMasterKeyId
	if !strings.Contains(arn, ":key/") {
		arn = "arn:aws:kms:" + region + ":" + account + ":key/00000000-0000-4000-8000-000000000000"
	}
	return description{"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}
}
