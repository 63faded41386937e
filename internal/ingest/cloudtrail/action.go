package cloudtrail

import (
	"encoding/json"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// The names of AWS's operations begin with a verb. What a verb does is that of
// the access levels of the Service Authorization Reference (list, read, write,
// permissions management, tagging); where a name needs more than its verb, it
// is in one of the lists.
var (
	reads   = words("Get List Describe Head Search Lookup BatchGet Batch Query Scan Select Filter Check Validate Simulate Preview Estimate Test View Discover Detect Decode Verify Count Is")
	deletes = words("Delete Remove Terminate Deregister Disassociate Detach Cancel Purge Revoke Release Deprovision Destroy Unsubscribe Leave Deactivate Expire")
	creates = words("Create Run Allocate Import Upload Copy Register Issue Request Publish Send Invoke Launch Add Start Generate Restore Clone Provision Subscribe Execute Assign Accept Encrypt Decrypt Sign")
	exports = words("Export Download")

	authenticates = words("AssumeRole AssumeRoot GetSessionToken GetFederationToken GetAccessKeyInfo ConsoleLogin SwitchRole CreateToken ExitRole GetSigninToken CheckMfa UserAuthentication Federate GetCredentialsForIdentity GetId InitiateAuth AdminInitiateAuth RespondToAuthChallenge CreateSession")

	// Who may do what: permissions management, credentials, sharing with other
	// accounts, and doors of the network.
	grants = words("AttachUserPolicy AttachRolePolicy AttachGroupPolicy PutUserPolicy PutRolePolicy PutGroupPolicy AddUserToGroup UpdateAssumeRolePolicy CreatePolicyVersion SetDefaultPolicyVersion " +
		"CreateAccessKey UpdateAccessKey CreateLoginProfile UpdateLoginProfile CreateServiceSpecificCredential UploadSSHPublicKey AddRoleToInstanceProfile PutUserPermissionsBoundary PutRolePermissionsBoundary DeleteUserPermissionsBoundary DeleteRolePermissionsBoundary " +
		"CreateSAMLProvider UpdateSAMLProvider CreateOpenIDConnectProvider AddClientIDToOpenIDConnectProvider CreateTrustAnchor CreateAccountAssignment PutInlinePolicyToPermissionSet AttachManagedPolicyToPermissionSet " +
		"PutBucketPolicy PutBucketAcl PutObjectAcl DeleteBucketPolicy PutPublicAccessBlock PutBucketPublicAccessBlock DeletePublicAccessBlock DeleteBucketPublicAccessBlock PutAccessPointPolicy " +
		"PutResourcePolicy DeleteResourcePolicy PutKeyPolicy CreateGrant AddPermission SetQueueAttributes SetTopicAttributes SetRepositoryPolicy PutFunctionUrlConfig CreateFunctionUrlConfig PutBackupVaultAccessPolicy " +
		"ModifySnapshotAttribute ModifyImageAttribute ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute ModifyFpgaImageAttribute CreateResourceShare AssociateResourceShare ShareDirectory ModifyDocumentPermission " +
		"AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress AuthorizeDBSecurityGroupIngress AuthorizeClusterSecurityGroupIngress AuthorizeEndpointAccess PutDashboardPermissions")

	// Services whose changes are settings of the account itself: who is watched,
	// who belongs to it, how it is paid.
	administered = words("iam sso sso-directory identitystore organizations account billing cloudtrail config guardduty securityhub inspector inspector2 macie2 access-analyzer detective auditmanager kms signin support rolesanywhere controltower")

	// Changes of what is watched, in services that do other things, too.
	administers = words("DeleteFlowLogs CreateFlowLogs DeleteLogGroup DeleteLogStream PutRetentionPolicy DeleteRetentionPolicy PutBucketLogging PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketLifecycle PutBucketVersioning PutBucketEncryption DeleteBucketEncryption DisableAlarmActions DeleteAlarms DeleteSubscriptionFilter DisableRule DeleteRule DisableDomainTransferLock DeleteWebACL DisassociateWebACL DeleteLoggingConfiguration PutEventSelectors")
)

func words(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// actionOf says what an operation does.
func actionOf(service, name string, readOnly *bool) event.Action {
	name = unversioned(name)
	verb := verbOf(name)
	switch {
	case authenticates[name], strings.HasPrefix(name, "AssumeRole"):
		return event.ActionAuthenticate
	case grants[name], service == "lambda" && strings.HasPrefix(name, "AddPermission"):
		return event.ActionGrant
	case administers[name]:
		return event.ActionAdminister
	case exports[verb], strings.HasPrefix(name, "StartExport"), strings.HasPrefix(name, "CreateExport"), strings.HasPrefix(name, "CreateInstanceExport"):
		return event.ActionExport
	case readOnly != nil && *readOnly, readOnly == nil && reads[verb]:
		return event.ActionRead
	case administered[service] && !(service == "kms" && dataKey(name)):
		return event.ActionAdminister
	case deletes[verb]:
		return event.ActionDelete
	case creates[verb]:
		return event.ActionCreate
	}
	return event.ActionUpdate
}

// dataKey reports whether an operation of the key service uses a key and
// changes none.
func dataKey(name string) bool {
	for _, p := range []string{"Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateRandom", "GenerateMac", "Sign", "Verify"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// unversioned leaves out the date that some services append:
// CreateFunction20150331v2.
func unversioned(name string) string {
	for i := 0; i+8 <= len(name); i++ {
		if isDigits(name[i:i+8]) && i > 0 {
			return name[:i]
		}
	}
	return name
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// verbOf is the first word of a name in camel case.
func verbOf(name string) string {
	for i := 1; i < len(name); i++ {
		if name[i] >= 'A' && name[i] <= 'Z' {
			return name[:i]
		}
	}
	return name
}

// dataOf says which classes of data an answer had, where the operation has one
// purpose only: CloudTrail logs no values. The count is what was asked for.
func dataOf(service, name string, c *record) []event.Data {
	name = unversioned(name)
	secret := []event.Data{{Class: "secret", Count: 1}}
	switch service + ":" + name {
	case "secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ec2:GetPasswordData", "lightsail:GetInstanceAccessDetails",
		"iam:CreateAccessKey", "iam:CreateServiceSpecificCredential", "ecr:GetAuthorizationToken", "codeartifact:GetAuthorizationToken", "ec2:CreateKeyPair", "redshift:GetClusterCredentials":
		return secret
	case "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameterHistory":
		var asked struct {
			WithDecryption bool `json:"withDecryption"`
		}
		if json.Unmarshal(c.RequestParameters, &asked) == nil && asked.WithDecryption {
			return secret
		}
	}
	return nil
}
