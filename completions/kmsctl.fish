# fish completion for kmsctl
# Generated from the tree of commands by: python -m kmsctl.cli.generate
#
# What was typed is compared and passed on; it is never expanded. Functions below __kmsctl_complete
# share its variables. Words stand as fish takes them: the word, a tab, what it is.

set -g __kmsctl_flags '--account=	Account to run the command as' '--configuration=	Named configuration to take properties from; kmsctl config configurations list' '--flags-file=	YAML or JSON file of flags and their values; - is standard input' '--flatten=	Show each item of a list as a resource of its own' '--format=	Format of what is printed: json, yaml, table(...), value(...) and others' '--help	Show help; -h shows the usage alone' '--impersonate-service-account=	Service account to act as, or several, each acting as the next; you need iam.serviceAccounts.getAccessToken on it' '--log-http	Show each call of the service on standard error, in the API\'s form, without secrets' '--no-log-http	The inverse of --log-http' '--project=	Project of resource names that are not full' '--quiet	Ask nothing: every question is answered by its default, or by yes' '--user-output-enabled	Print resources and messages' '--no-user-output-enabled	The inverse of --user-output-enabled' '--verbosity=	Least severe messages to show'

function __kmsctl_below --no-scope-shadowing
    switch $argv[1]
        case ''
            set below 'asymmetric-decrypt	Decrypt a file with an asymmetric key' 'asymmetric-sign	Sign a file with an asymmetric key' 'asymmetric-verify	Verify a signature of an asymmetric key' 'batch	Run many command lines in one process' 'completion	Print or install the completion of a shell' 'config	View and edit kmsctl properties' 'decapsulate	Recover a shared secret with a key-encapsulation key' 'decrypt	Decrypt a file with a symmetric key' 'encrypt	Encrypt a file with a symmetric key' 'findings	See what Security Command Center would say of your keys' 'generate-random-bytes	Generate random bytes' 'help	Show the manual page of a command' 'hsm	Look at PKCS#11 modules and the tokens with HSM keys' 'iam	See and decide who may do what' 'import-jobs	Manage import jobs' 'info	Show where everything lives and what protects it' 'keyrings	Create and manage key rings' 'keys	Create and manage keys' 'locations	View the locations that there are' 'logging	Read, verify, export and retain the audit logs' 'mac-sign	Compute the MAC tag of a file' 'mac-verify	Verify the MAC tag of a file' 'projects	Manage projects' 'quickstart	Encrypt, rotate and decrypt for a first time, step by step' 'raw-decrypt	Decrypt a file with a raw AES key' 'raw-encrypt	Encrypt a file with a raw AES key' 'services	Manage the services that use keys' 'store	Inspect and maintain the store' 'version	Print the versions of kmsctl and of what it stands on'
        case 'config'
            set below 'configurations	Manage named configurations, which are sets of properties' 'get	Print the value of a property' 'get-value	Print the value of a property (older name of get)' 'list	List the properties that are set' 'set	Set a property' 'unset	Unset a property'
        case 'config configurations'
            set below 'activate	Activate a configuration' 'create	Create a configuration' 'delete	Delete configurations' 'describe	Show the properties of a configuration' 'list	List the configurations' 'rename	Rename a configuration'
        case 'findings'
            set below 'list	List what is wrong with keys and who may use them'
        case 'hsm'
            set below 'check	Try what the token with HSM keys can do' 'status	Show the token with HSM keys, and what it can do' 'tokens	View the tokens of modules'
        case 'hsm tokens'
            set below 'list	List the tokens of PKCS#11 modules'
        case 'iam'
            set below 'explain	Show why an account has a permission, or has not' 'groups	Manage groups of accounts' 'roles	View roles, and manage custom ones' 'service-accounts	Manage service accounts' 'who-can	List who is granted a permission'
        case 'iam groups'
            set below 'add-members	Add members to a group' 'create	Create a group of accounts' 'delete	Delete a group' 'describe	Show a group' 'import	Make groups what a file says' 'list	List the groups of a project' 'remove-members	Remove members from a group'
        case 'iam roles'
            set below 'create	Create a custom role' 'delete	Delete a custom role' 'describe	Show a role and its permissions' 'list	List the roles' 'undelete	Bring a deleted custom role back' 'update	Update a custom role'
        case 'iam service-accounts'
            set below 'add-iam-policy-binding	Grant a role on a service account' 'create	Create a service account' 'delete	Delete a service account' 'describe	Show a service account' 'disable	Disable a service account' 'enable	Enable a service account' 'get-iam-policy	Show the IAM policy of a service account' 'list	List the service accounts of a project' 'remove-iam-policy-binding	Take a role on a service account back' 'set-iam-policy	Replace the IAM policy of a service account'
        case 'import-jobs'
            set below 'add-iam-policy-binding	Grant a role on an import job' 'create	Create an import job' 'describe	Show an import job' 'get-iam-policy	Show the IAM policy of an import job' 'list	List the import jobs of a key ring' 'remove-iam-policy-binding	Take a role on an import job back' 'set-iam-policy	Replace the IAM policy of an import job' 'wrap	Wrap a key for an import job, on any machine'
        case 'keyrings'
            set below 'add-iam-policy-binding	Grant a role on a key ring' 'create	Create a key ring' 'describe	Show a key ring' 'get-iam-policy	Show the IAM policy of a key ring' 'history	List what was done to a key ring' 'list	List the key rings of a location' 'remove-iam-policy-binding	Take a role on a key ring back' 'set-iam-policy	Replace the IAM policy of a key ring' 'test-iam-permissions	Show which permissions you have on a key ring'
        case 'keys'
            set below 'add-iam-policy-binding	Grant a role on a key' 'create	Create a key' 'describe	Show a key' 'get-iam-policy	Show the IAM policy of a key' 'history	List what was done to a key and its versions' 'list	List the keys of a key ring' 'remove-iam-policy-binding	Take a role on a key back' 'remove-rotation-schedule	Remove the rotation schedule of a key' 'set-iam-policy	Replace the IAM policy of a key' 'set-primary-version	Make a version the primary version of its key' 'set-rotation-schedule	Set the rotation schedule of a key' 'test-iam-permissions	Show which permissions you have on a key' 'update	Update a key' 'versions	Create and manage versions'
        case 'keys versions'
            set below 'create	Create a version of a key' 'describe	Show a version' 'destroy	Schedule a version for destruction' 'disable	Disable a version' 'enable	Enable a version' 'get-certificate-chain	Print the certificate chains of a version in an HSM' 'get-public-key	Print the public key of a version' 'import	Import a key as a version' 'list	List the versions of a key' 'restore	Cancel the scheduled destruction of a version' 'update	Update a version'
        case 'locations'
            set below 'describe	Show a location' 'list	List all locations'
        case 'logging'
            set below 'delete	Remove old records from the audit logs' 'export	Export the audit logs with signed checkpoints' 'get-public-key	Print the public keys that verify exported logs' 'read	Read log entries' 'verify	Find what was changed in the audit logs'
        case 'projects'
            set below 'add-iam-policy-binding	Grant a role on a project' 'create	Create a project' 'describe	Show a project' 'get-iam-policy	Show the IAM policy of a project' 'list	List the projects you may see' 'remove-iam-policy-binding	Take a role on a project back' 'set-iam-policy	Replace the IAM policy of a project' 'test-iam-permissions	Show which permissions you have on a project'
        case 'services'
            set below 'identity	Manage the agents of services'
        case 'services identity'
            set below 'create	Make a service\'s agent in a project'
        case 'store'
            set below 'accept-rollback	Accept a database that is older than it should be, or missing' 'backup	Back the store up, and restore it' 'export	Export a key ring to another store' 'get-public-key	Write the public key that key rings are exported to' 'import	Import a key ring from another store' 'init	Make the store, with a protector of your choice' 'lock	End the agent that keeps the root key' 'maintain	Do everything that is due' 'protectors	Manage what protects the root key of the store' 'repair	Do what can safely be done about damage' 'rotate-master-key	Rotate the master key of a location' 'rotate-root-key	Rotate the root key of the store' 'snapshot	Take snapshots of the store, and go back to one' 'status	Show the databases of the store' 'tombstones	Carry what is destroyed to where a backup is restored' 'unlock	Keep the root key in an agent for a while' 'verify	Check everything in the store'
        case 'store backup'
            set below 'create	Back the store up into a file' 'list	List the backups in a directory' 'prune	Remove all backups but the newest' 'restore	Restore a backup' 'verify	Check everything in a backup'
        case 'store protectors'
            set below 'add	Add a protector of the root key' 'list	List the protectors of the root key' 'remove	Remove a protector of the root key'
        case 'store snapshot'
            set below 'create	Take a snapshot of what has changed' 'list	List the snapshots' 'restore	Go back to the state of a snapshot'
        case 'store tombstones'
            set below 'export	Write the list of what is destroyed'
        case '*'
            return 1
    end
    return 0
end

function __kmsctl_command --no-scope-shadowing
    switch $argv[1]
        case 'asymmetric-decrypt'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--ciphertext-file=	File to read the ciphertext from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--plaintext-file=	File to write the plaintext to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'asymmetric-sign'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--digest-algorithm=	Digest of the input that is signed; without it the input itself is sent, at most 64 KiB' '--input-file=	File to read the input from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--signature-file=	File to write the signature to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'asymmetric-verify'
            set flags '--digest-algorithm=	Digest of the input that is signed; without it the input itself is sent, at most 64 KiB' '--input-file=	File to read the input from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--signature-file=	File to read the signature from; - is standard input' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'batch'
            set flags '--keep-going	Run all lines, also after one that failed' '--stop-on-error	Run no more lines after one that failed; this is the default'
            set positionals file
        case 'completion'
            set flags '--install	Write the script where the shell looks for it, instead of printing it'
            set positionals shell
        case 'config configurations activate'
            set flags
            set positionals configuration-name
        case 'config configurations create'
            set flags '--activate	Activate the new configuration, which is the default' '--no-activate	The inverse of --activate'
            set positionals configuration-name
        case 'config configurations delete'
            set flags
            set positionals configuration-names...
        case 'config configurations describe'
            set flags '--all	Show all properties there are, also those that are not set'
            set positionals configuration-name
        case 'config configurations list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals
        case 'config configurations rename'
            set flags '--new-name=	Its new name'
            set positionals configuration-name
        case 'config get'
            set flags
            set positionals property
        case 'config get-value'
            set flags
            set positionals property
        case 'config list'
            set flags '--all	List all properties there are, also those that are not set'
            set positionals property
        case 'config set'
            set flags
            set positionals property value
        case 'config unset'
            set flags
            set positionals property
        case 'decapsulate'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--ciphertext-file=	File to read the ciphertext from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--shared-secret-file=	File to write the shared secret to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'decrypt'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--additional-authenticated-data-file=	File to read the additional authenticated data from; - is standard input' '--ciphertext-file=	File to read the ciphertext from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--plaintext-file=	File to write the plaintext to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification'
            set positionals
        case 'encrypt'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--additional-authenticated-data-file=	File to read the additional authenticated data from; - is standard input' '--ciphertext-file=	File to write the ciphertext to; - is standard output' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--plaintext-file=	File to read the plaintext from; - is standard input' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'findings list'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals
        case 'generate-random-bytes'
            set flags '--length-bytes=	How many bytes: 8 to 1024' '--location=	Location, such as us-east1' '--output-file=	File to write the bytes to; - is standard output' '--protection-level=	Whose generator is asked; software if not given'
            set positionals
        case 'help'
            set flags
            set positionals command...
        case 'hsm check'
            set flags '--location=	Location whose token it is, if locations have their own'
            set positionals
        case 'hsm status'
            set flags '--location=	Location whose token it is, if locations have their own'
            set positionals
        case 'hsm tokens list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--module-path=	The PKCS#11 module whose tokens to list, instead of those that are configured' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'iam explain'
            set flags
            set positionals permission resource
        case 'iam groups add-members'
            set flags '--members=	Members: user:EMAIL, serviceAccount:EMAIL or group:EMAIL'
            set positionals group
        case 'iam groups create'
            set flags '--description=	What the group is for' '--display-name=	Name for people'
            set positionals group
        case 'iam groups delete'
            set flags
            set positionals group
        case 'iam groups describe'
            set flags
            set positionals group
        case 'iam groups import'
            set flags
            set positionals groups-file
        case 'iam groups list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'iam groups remove-members'
            set flags '--members=	Members: user:EMAIL, serviceAccount:EMAIL or group:EMAIL'
            set positionals group
        case 'iam roles create'
            set flags '--description=	What the role is for' '--file=	File to read the role, in JSON or YAML from; - is standard input' '--permissions=	Permissions, such as cloudkms.cryptoKeys.get' '--stage=	ALPHA, BETA, GA, DEPRECATED, DISABLED or EAP' '--title=	Name for people'
            set positionals role
        case 'iam roles delete'
            set flags
            set positionals role
        case 'iam roles describe'
            set flags
            set positionals role
        case 'iam roles list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--show-deleted	Show deleted roles too' '--no-show-deleted	The inverse of --show-deleted' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals
        case 'iam roles undelete'
            set flags
            set positionals role
        case 'iam roles update'
            set flags '--add-permissions=	Permissions to add' '--description=	What the role is for' '--file=	File to read the role, in JSON or YAML from; - is standard input' '--permissions=	Permissions, such as cloudkms.cryptoKeys.get' '--remove-permissions=	Permissions to remove' '--stage=	ALPHA, BETA, GA, DEPRECATED, DISABLED or EAP' '--title=	Name for people'
            set positionals role
        case 'iam service-accounts add-iam-policy-binding'
            set flags '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals service-account
        case 'iam service-accounts create'
            set flags '--description=	What the account is for' '--display-name=	Name for people'
            set positionals name
        case 'iam service-accounts delete'
            set flags
            set positionals service-account
        case 'iam service-accounts describe'
            set flags
            set positionals service-account
        case 'iam service-accounts disable'
            set flags
            set positionals service-account
        case 'iam service-accounts enable'
            set flags
            set positionals service-account
        case 'iam service-accounts get-iam-policy'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals service-account
        case 'iam service-accounts list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'iam service-accounts remove-iam-policy-binding'
            set flags '--all	Remove the member whatever the bindings\' conditions' '--no-all	The inverse of --all' '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals service-account
        case 'iam service-accounts set-iam-policy'
            set flags
            set positionals service-account policy-file
        case 'iam who-can'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals permission resource
        case 'import-jobs add-iam-policy-binding'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals import-job
        case 'import-jobs create'
            set flags '--import-method=	How keys are wrapped for the import job' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--protection-level=	Where the import job\'s private key is kept and used; that of the keys to import into'
            set positionals import-job
        case 'import-jobs describe'
            set flags '--attestation-file=	File to write the attestation of an HSM to' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals import-job
        case 'import-jobs get-iam-policy'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals import-job
        case 'import-jobs list'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'import-jobs remove-iam-policy-binding'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals import-job
        case 'import-jobs set-iam-policy'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals import-job policy-file
        case 'import-jobs wrap'
            set flags '--algorithm=	Algorithm of the key' '--generate	Make a new key instead of reading one; only its wrapping is kept' '--no-generate	The inverse of --generate' '--import-method=	How keys are wrapped for the import job' '--passphrase-fd=	Descriptor to read that passphrase from; without either flag it is asked for' '--passphrase-file=	File to read the passphrase of an encrypted key file from; - is standard input' '--public-key-file=	File to read the public key of the import job from; - is standard input' '--target-key-file=	File to read the key to wrap from; - is standard input' '--wrapped-key-file=	File to write the wrapped key to; - is standard output'
            set positionals
        case 'info'
            set flags
            set positionals
        case 'keyrings add-iam-policy-binding'
            set flags '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals keyring
        case 'keyrings create'
            set flags '--location=	Location, such as us-east1' '--tags=	Tags, for the conditions of policies: PROJECT/NAME=VALUE, or NAME=VALUE for one of the key ring\'s project'
            set positionals keyring
        case 'keyrings describe'
            set flags '--location=	Location, such as us-east1'
            set positionals keyring
        case 'keyrings get-iam-policy'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals keyring
        case 'keyrings history'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--recursive	Also what was done to its keys, versions and import jobs' '--no-recursive	The inverse of --recursive' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals keyring
        case 'keyrings list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'keyrings remove-iam-policy-binding'
            set flags '--all	Remove the member whatever the bindings\' conditions' '--no-all	The inverse of --all' '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals keyring
        case 'keyrings set-iam-policy'
            set flags '--location=	Location, such as us-east1'
            set positionals keyring policy-file
        case 'keyrings test-iam-permissions'
            set flags '--location=	Location, such as us-east1' '--permissions=	Permissions, such as cloudkms.cryptoKeys.get'
            set positionals keyring
        case 'keys add-iam-policy-binding'
            set flags '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals key
        case 'keys create'
            set flags '--allowed-access-reasons=	The only reasons to use the key for; an empty list allows none' '--default-algorithm=	Algorithm of the versions that are made from now on' '--destroy-scheduled-duration=	How long a version stays restorable after destroy, 1d to 120d; it can never be changed' '--import-only	The key takes imported versions alone; needs --skip-initial-version-creation' '--no-import-only	The inverse of --import-only' '--keyring=	Key ring: its ID or full resource name' '--labels=	Labels of the key' '--location=	Location, such as us-east1' '--next-rotation-time=	When the key rotates next: 2030-01-02T03:04:05Z, or relative to now: P30D' '--not-exportable	Never let the key be exported to another store; this can never be undone' '--protection-level=	Where the key is kept and used; software if not given' '--purpose=	What the key is for' '--rotation-period=	How often the key rotates by itself, at least 1d: 30d, 12w, P3M' '--skip-initial-version-creation	Create no first version' '--no-skip-initial-version-creation	The inverse of --skip-initial-version-creation'
            set positionals key
        case 'keys describe'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals key
        case 'keys get-iam-policy'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals key
        case 'keys history'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals key
        case 'keys list'
            set flags '--filter=	Show only resources that an expression is true of' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'keys remove-iam-policy-binding'
            set flags '--all	Remove the member whatever the bindings\' conditions' '--no-all	The inverse of --all' '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals key
        case 'keys remove-rotation-schedule'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals key
        case 'keys set-iam-policy'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals key policy-file
        case 'keys set-primary-version'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--version=	Version that is to be primary: its number or full resource name'
            set positionals key
        case 'keys set-rotation-schedule'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--next-rotation-time=	When the key rotates next: 2030-01-02T03:04:05Z, or relative to now: P30D' '--rotation-period=	How often the key rotates by itself, at least 1d: 30d, 12w, P3M'
            set positionals key
        case 'keys test-iam-permissions'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--permissions=	Permissions, such as cloudkms.cryptoKeys.get'
            set positionals key
        case 'keys update'
            set flags '--allowed-access-reasons=	The only reasons to use the key for; an empty list allows none' '--clear-labels	Remove all labels, before --update-labels adds any' '--no-clear-labels	The inverse of --clear-labels' '--default-algorithm=	Algorithm of the versions that are made from now on' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--next-rotation-time=	When the key rotates next: 2030-01-02T03:04:05Z, or relative to now: P30D' '--not-exportable	Never let the key be exported to another store; this can never be undone' '--primary-version=	Version that is to be primary: its number or full resource name' '--remove-key-access-justifications-policy	Remove the Key Access Justifications policy: every reason will do' '--no-remove-key-access-justifications-policy	The inverse of --remove-key-access-justifications-policy' '--remove-labels=	Keys of labels to remove' '--remove-rotation-schedule	Remove the rotation schedule' '--no-remove-rotation-schedule	The inverse of --remove-rotation-schedule' '--rotation-period=	How often the key rotates by itself, at least 1d: 30d, 12w, P3M' '--update-labels=	Labels to add or change'
            set positionals key
        case 'keys versions create'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--primary	Make the new version the primary version: rotate the key' '--no-primary	The inverse of --primary'
            set positionals
        case 'keys versions describe'
            set flags '--attestation-file=	File to write the attestation of an HSM to' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals version
        case 'keys versions destroy'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals version
        case 'keys versions disable'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals version
        case 'keys versions enable'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals version
        case 'keys versions get-certificate-chain'
            set flags '--certificate-chain-type=	Which chain; all if not given' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--output-file=	File to write the certificates to; - is standard output'
            set positionals version
        case 'keys versions get-public-key'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--output-file=	File to write the public key to; - is standard output' '--public-key-format=	Format of the public key; pem if not given'
            set positionals version
        case 'keys versions import'
            set flags '--algorithm=	Algorithm of the key' '--import-job=	Import job: its ID or full resource name' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--passphrase-fd=	Descriptor to read that passphrase from; without either flag it is asked for' '--passphrase-file=	File to read the passphrase of an encrypted key file from; - is standard input' '--public-key-file=	File to read the public key of the import job, instead of asking for it, from; - is standard input' '--rsa-aes-wrapped-key-file=	File to read the wrapped key (older name of --wrapped-key-file) from; - is standard input' '--target-key-file=	File to read the key, which is wrapped here, from; - is standard input' '--version=	Version: its number or full resource name' '--wrapped-key-file=	File to read the wrapped key from; - is standard input'
            set positionals
        case 'keys versions list'
            set flags '--filter=	Show only resources that an expression is true of' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--limit=	Show at most so many resources' '--location=	Location, such as us-east1' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'keys versions restore'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1'
            set positionals version
        case 'keys versions update'
            set flags '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--state=	The new state'
            set positionals version
        case 'locations describe'
            set flags
            set positionals location
        case 'locations list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'logging delete'
            set flags '--location=	Location whose log is cut, or control; all if not given' '--older-than=	Age of the records to remove, such as 400d; at least one day'
            set positionals
        case 'logging export'
            set flags '--checkpoint=	File to write the signed checkpoints to; FILE.checkpoint if not given' '--location=	Location whose log is exported, or control; all if not given' '--since=	Export from the first record that is not older than this time, such as -P30D'
            set positionals file
        case 'logging get-public-key'
            set flags '--location=	Location whose key is printed, or control; all if not given' '--output-file=	File to write the public keys to; - is standard output'
            set positionals
        case 'logging read'
            set flags '--freshness=	Show entries that are not older than this; 1d if not given' '--limit=	Show at most so many entries' '--location=	Location whose log is read, or control; all if not given' '--order=	Order of the entries by their time; desc if not given' '--resource-names=	Projects whose entries are shown (projects/ID), instead of the current project'
            set positionals log-filter
        case 'logging verify'
            set flags '--checkpoint=	File of checkpoints that logging export wrote' '--location=	Location whose log is verified, or control; all if not given' '--public-key=	File of public keys (PEM) to verify an export by, without a store'
            set positionals export
        case 'mac-sign'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--input-file=	File to read the input from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--signature-file=	File to write the tag to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'mac-verify'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--input-file=	File to read the input from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--signature-file=	File to read the tag from; - is standard input' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'projects add-iam-policy-binding'
            set flags '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals project-id
        case 'projects create'
            set flags '--labels=	Labels of the project' '--name=	Name for people; the id if not given'
            set positionals project-id
        case 'projects describe'
            set flags
            set positionals project-id
        case 'projects get-iam-policy'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards'
            set positionals project-id
        case 'projects list'
            set flags '--filter=	Show only resources that an expression is true of' '--limit=	Show at most so many resources' '--page-size=	Print tables in pages of so many resources' '--sort-by=	Sort by these fields; ~FIELD sorts downwards' '--uri	Print the resources\' URIs alone' '--no-uri	The inverse of --uri'
            set positionals
        case 'projects remove-iam-policy-binding'
            set flags '--all	Remove the member whatever the bindings\' conditions' '--no-all	The inverse of --all' '--condition=	Condition: expression=EXPRESSION,title=TITLE[,description=DESCRIPTION], or None' '--condition-from-file=	File to read the condition, in JSON or YAML from; - is standard input' '--member=	Principal: user:EMAIL, group:EMAIL, serviceAccount:EMAIL, domain:DOMAIN or allUsers' '--role=	Role: roles/ID, or projects/PROJECT/roles/ID of a custom one'
            set positionals project-id
        case 'projects set-iam-policy'
            set flags
            set positionals project-id policy-file
        case 'projects test-iam-permissions'
            set flags '--permissions=	Permissions, such as cloudkms.cryptoKeys.get'
            set positionals project-id
        case 'quickstart'
            set flags '--location=	Location, such as us-east1'
            set positionals file
        case 'raw-decrypt'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--additional-authenticated-data-file=	File to read the additional authenticated data from; - is standard input' '--ciphertext-file=	File to read the ciphertext from; - is standard input' '--initialization-vector-file=	File to read the initialization vector from; - is standard input' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--plaintext-file=	File to write the plaintext to; - is standard output' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'raw-encrypt'
            set flags '--access-reason=	Why the key is used, for its Key Access Justifications policy and for the record; customer-initiated-access if not given' '--additional-authenticated-data-file=	File to read the additional authenticated data from; - is standard input' '--ciphertext-file=	File to write the ciphertext to; - is standard output' '--initialization-vector-file=	File to read the initialization vector from; - is standard input' '--initialization-vector-output-file=	File to write the generated initialization vector to; - is standard output' '--key=	Key: its ID or full resource name' '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--plaintext-file=	File to read the plaintext from; - is standard input' '--skip-integrity-verification	Neither send nor check the CRC32C checksums of what is sent and received' '--no-skip-integrity-verification	The inverse of --skip-integrity-verification' '--version=	Version: its number or full resource name'
            set positionals
        case 'services identity create'
            set flags '--service=	Service, such as storage.googleapis.com'
            set positionals
        case 'store accept-rollback'
            set flags
            set positionals database
        case 'store backup create'
            set flags '--include-root-key	Put the root key into the backup, sealed' '--passphrase-fd=	Descriptor to read that passphrase from' '--passphrase-file=	File to read the passphrase that the root key is sealed with from; - is standard input' '--recipient-file=	File to read the public key that the root key is sealed to from; - is standard input'
            set positionals file
        case 'store backup list'
            set flags '--passphrase-fd=	Descriptor to read that passphrase from' '--passphrase-file=	File to read the passphrase of the root key in the backup, or of the private key from; - is standard input' '--private-key-file=	File to read the private key that the root key in the backup is sealed to from; - is standard input' '--root-key-file=	Where there is no store: the file of the root key, or a copy of it'
            set positionals directory
        case 'store backup prune'
            set flags '--keep=	How many of the newest stay'
            set positionals directory
        case 'store backup restore'
            set flags '--destroyed-may-return	Accept that versions come back that were destroyed, where nothing here says which were' '--dry-run	Show what would change, and change nothing' '--justification=	Why; it stands in the audit records' '--location=	Restore the database of this location alone; control is that of no location' '--passphrase-fd=	Descriptor to read that passphrase from' '--passphrase-file=	File to read the passphrase of the root key in the backup, or of the private key from; - is standard input' '--private-key-file=	File to read the private key that the root key in the backup is sealed to from; - is standard input' '--root-key-file=	Where there is no store: the file of the root key, or a copy of it' '--tombstones=	List of what is destroyed, from kmsctl store tombstones export'
            set positionals file
        case 'store backup verify'
            set flags '--passphrase-fd=	Descriptor to read that passphrase from' '--passphrase-file=	File to read the passphrase of the root key in the backup, or of the private key from; - is standard input' '--private-key-file=	File to read the private key that the root key in the backup is sealed to from; - is standard input' '--root-key-file=	Where there is no store: the file of the root key, or a copy of it'
            set positionals file
        case 'store export'
            set flags '--keyring=	Key ring: its ID or full resource name' '--location=	Location, such as us-east1' '--to=	File to read the public key of the store that is to have the key ring from; - is standard input'
            set positionals file
        case 'store get-public-key'
            set flags
            set positionals file
        case 'store import'
            set flags '--with-policies	Take the IAM policies of the key ring and its keys too'
            set positionals file
        case 'store init'
            set flags '--command=	Program that prints the secret, with its arguments, quoted as in a shell' '--command-timeout=	How long the program may take, at most 10m; 30s if not given' '--passphrase-fd=	Number of the open descriptor to read the passphrase of the new protector from' '--passphrase-file=	File to read the passphrase of the new protector, its first line end left out from; - is standard input' '--shares=	How many shares to make' '--shares-directory=	New directory to write the shares to, one file each' '--threshold=	How many shares open the store' '--type=	Type of the protector; file if not given'
            set positionals
        case 'store lock'
            set flags
            set positionals
        case 'store maintain'
            set flags '--max-master-key-age=	Rotate master keys that are older, at least 1d: 30d'
            set positionals
        case 'store protectors add'
            set flags '--command=	Program that prints the secret, with its arguments, quoted as in a shell' '--command-timeout=	How long the program may take, at most 10m; 30s if not given' '--passphrase-fd=	Number of the open descriptor to read the passphrase of the new protector from' '--passphrase-file=	File to read the passphrase of the new protector, its first line end left out from; - is standard input' '--shares=	How many shares to make' '--shares-directory=	New directory to write the shares to, one file each' '--threshold=	How many shares open the store' '--type=	Type of the protector; file if not given'
            set positionals
        case 'store protectors list'
            set flags
            set positionals
        case 'store protectors remove'
            set flags
            set positionals protector
        case 'store repair'
            set flags '--dry-run	Only show what would be done' '--no-dry-run	The inverse of --dry-run'
            set positionals
        case 'store rotate-master-key'
            set flags '--all	Rotate the master keys of all locations, and of control' '--location=	Location whose master key is to be rotated; control is the one of no location'
            set positionals
        case 'store rotate-root-key'
            set flags '--drop-unavailable	Remove protectors that cannot be given the new root key' '--passphrase-fd=	Number of the open descriptor to read the passphrase of the protectors from' '--passphrase-file=	File to read the passphrase of the protectors, its first line end left out from; - is standard input' '--share-files=	Files of shares, of a protector of type shares'
            set positionals
        case 'store snapshot create'
            set flags
            set positionals
        case 'store snapshot list'
            set flags
            set positionals
        case 'store snapshot restore'
            set flags '--destroyed-may-return	Accept that versions come back that were destroyed, where nothing here says which were' '--dry-run	Show what would change, and change nothing' '--justification=	Why; it stands in the audit records' '--location=	Restore the database of this location alone; control is that of no location' '--tombstones=	List of what is destroyed, from kmsctl store tombstones export'
            set positionals id
        case 'store status'
            set flags
            set positionals
        case 'store tombstones export'
            set flags
            set positionals file
        case 'store unlock'
            set flags '--passphrase-fd=	Number of the open descriptor to read the passphrase from' '--passphrase-file=	File to read the passphrase, its first line end left out from; - is standard input' '--share-files=	Files of shares, of a protector of type shares' '--timeout=	How long the root key is kept, at most 24h; 15m if not given'
            set positionals
        case 'store verify'
            set flags '--audit	Follow the chains of audit records too; on if not given' '--no-audit	The inverse of --audit' '--since-last	Read only what was changed since the store was last found whole, and the tags of all rows' '--no-since-last	The inverse of --since-last'
            set positionals
        case 'version'
            set flags
            set positionals
        case '*'
            return 1
    end
    return 0
end

function __kmsctl_values --no-scope-shadowing
    switch $argv[1]
        case '*:--access-reason'
            set found 'customer-authorized-workflow-servicing' 'customer-initiated-access' 'customer-initiated-support' 'google-initiated-review' 'google-initiated-service' 'google-initiated-system-operation' 'google-response-to-production-alert' 'modified-customer-initiated-access' 'modified-google-initiated-system-operation' 'reason-not-expected' 'reason-unspecified' 'third-party-data-request'
        case '*:--add-permissions'
            set kind permission
        case '*:--additional-authenticated-data-file'
            set kind file
        case '*:--algorithm'
            set found 'aes-128-cbc' 'aes-128-ctr' 'aes-128-gcm' 'aes-256-cbc' 'aes-256-ctr' 'aes-256-gcm' 'ec-sign-ed25519' 'ec-sign-p256-sha256' 'ec-sign-p384-sha384' 'ec-sign-secp256k1-sha256' 'google-symmetric-encryption' 'hmac-sha1' 'hmac-sha224' 'hmac-sha256' 'hmac-sha384' 'hmac-sha512' 'kem-xwing' 'ml-kem-1024' 'ml-kem-768' 'pq-sign-hash-slh-dsa-sha2-128s-sha256' 'pq-sign-ml-dsa-44' 'pq-sign-ml-dsa-44-external-mu' 'pq-sign-ml-dsa-65' 'pq-sign-ml-dsa-65-external-mu' 'pq-sign-ml-dsa-87' 'pq-sign-ml-dsa-87-external-mu' 'pq-sign-slh-dsa-sha2-128s' 'rsa-decrypt-oaep-2048-sha1' 'rsa-decrypt-oaep-2048-sha256' 'rsa-decrypt-oaep-3072-sha1' 'rsa-decrypt-oaep-3072-sha256' 'rsa-decrypt-oaep-4096-sha1' 'rsa-decrypt-oaep-4096-sha256' 'rsa-decrypt-oaep-4096-sha512' 'rsa-sign-pkcs1-2048-sha256' 'rsa-sign-pkcs1-3072-sha256' 'rsa-sign-pkcs1-4096-sha256' 'rsa-sign-pkcs1-4096-sha512' 'rsa-sign-pss-2048-sha256' 'rsa-sign-pss-3072-sha256' 'rsa-sign-pss-4096-sha256' 'rsa-sign-pss-4096-sha512' 'rsa-sign-raw-pkcs1-2048' 'rsa-sign-raw-pkcs1-3072' 'rsa-sign-raw-pkcs1-4096'
        case '*:--allowed-access-reasons'
            set found 'customer-authorized-workflow-servicing' 'customer-initiated-access' 'customer-initiated-support' 'google-initiated-review' 'google-initiated-service' 'google-initiated-system-operation' 'google-response-to-production-alert' 'modified-customer-initiated-access' 'modified-google-initiated-system-operation' 'reason-not-expected' 'reason-unspecified' 'third-party-data-request'
        case '*:--attestation-file'
            set kind file
        case '*:--certificate-chain-type'
            set found 'all' 'cavium' 'google-card' 'google-partition'
        case '*:--checkpoint'
            set kind file
        case '*:--ciphertext-file'
            set kind file
        case '*:--condition-from-file'
            set kind file
        case '*:--configuration'
            set kind configuration
        case '*:--default-algorithm'
            set found 'google-symmetric-encryption' 'aes-128-gcm' 'aes-256-gcm' 'aes-128-cbc' 'aes-256-cbc' 'aes-128-ctr' 'aes-256-ctr' 'ec-sign-ed25519' 'ec-sign-p256-sha256' 'ec-sign-p384-sha384' 'ec-sign-secp256k1-sha256' 'rsa-sign-pss-2048-sha256' 'rsa-sign-pss-3072-sha256' 'rsa-sign-pss-4096-sha256' 'rsa-sign-pss-4096-sha512' 'rsa-sign-pkcs1-2048-sha256' 'rsa-sign-pkcs1-3072-sha256' 'rsa-sign-pkcs1-4096-sha256' 'rsa-sign-pkcs1-4096-sha512' 'rsa-sign-raw-pkcs1-2048' 'rsa-sign-raw-pkcs1-3072' 'rsa-sign-raw-pkcs1-4096' 'pq-sign-ml-dsa-44' 'pq-sign-ml-dsa-65' 'pq-sign-ml-dsa-87' 'pq-sign-slh-dsa-sha2-128s' 'pq-sign-hash-slh-dsa-sha2-128s-sha256' 'pq-sign-ml-dsa-44-external-mu' 'pq-sign-ml-dsa-65-external-mu' 'pq-sign-ml-dsa-87-external-mu' 'rsa-decrypt-oaep-2048-sha1' 'rsa-decrypt-oaep-2048-sha256' 'rsa-decrypt-oaep-3072-sha1' 'rsa-decrypt-oaep-3072-sha256' 'rsa-decrypt-oaep-4096-sha1' 'rsa-decrypt-oaep-4096-sha256' 'rsa-decrypt-oaep-4096-sha512' 'hmac-sha1' 'hmac-sha224' 'hmac-sha256' 'hmac-sha384' 'hmac-sha512' 'ml-kem-768' 'ml-kem-1024' 'kem-xwing'
        case '*:--digest-algorithm'
            set found 'sha256' 'sha384' 'sha512' 'external-mu'
        case '*:--file'
            set kind file
        case '*:--flags-file'
            set kind file
        case '*:--format'
            set found 'config' 'default' 'disable' 'flattened' 'json' 'list' 'multi' 'none' 'object' 'text' 'yaml'
        case '*:--impersonate-service-account'
            set kind service-account
        case '*:--import-job'
            set kind import-job
        case '*:--import-method'
            set found 'hpke-kem-ml-kem-1024-hkdf-sha256-aes-256-gcm' 'hpke-kem-ml-kem-768-hkdf-sha256-aes-256-gcm' 'hpke-kem-xwing-hkdf-sha256-aes-256-gcm' 'rsa-oaep-3072-sha1-aes-256' 'rsa-oaep-3072-sha256' 'rsa-oaep-3072-sha256-aes-256' 'rsa-oaep-4096-sha1-aes-256' 'rsa-oaep-4096-sha256' 'rsa-oaep-4096-sha256-aes-256'
        case '*:--initialization-vector-file'
            set kind file
        case '*:--initialization-vector-output-file'
            set kind file
        case '*:--input-file'
            set kind file
        case '*:--key'
            set kind key
        case '*:--keyring'
            set kind keyring
        case '*:--location'
            set found 'africa-south1	Johannesburg' 'asia	Multiple regions in Asia' 'asia-east1	Taiwan' 'asia-east2	Hong Kong' 'asia-northeast1	Tokyo' 'asia-northeast2	Osaka' 'asia-northeast3	Seoul' 'asia-south1	Mumbai' 'asia-south2	Delhi' 'asia-southeast1	Singapore' 'asia-southeast2	Jakarta' 'asia-southeast3	Bangkok' 'asia1	Tokyo, Osaka, and Seoul' 'au	Multiple regions in Australia' 'australia-southeast1	Sydney' 'australia-southeast2	Melbourne' 'ca	Multiple regions in Canada' 'de	Multiple regions in Germany' 'eur3	Belgium and Netherlands' 'eur4	Finland, Netherlands, and Belgium' 'eur5	London, Belgium, and Netherlands' 'eur6	Netherlands, Frankfurt, and Zürich' 'europe	Multiple regions in the European Union' 'europe-central2	Warsaw' 'europe-north1	Finland' 'europe-north2	Stockholm' 'europe-southwest1	Madrid' 'europe-west1	Belgium' 'europe-west10	Berlin' 'europe-west12	Turin' 'europe-west2	London' 'europe-west3	Frankfurt' 'europe-west4	Netherlands' 'europe-west6	Zürich' 'europe-west8	Milan' 'europe-west9	Paris' 'global	Worldwide' 'in	Multiple regions in India' 'it	Multiple regions in Italy' 'me-central1	Doha' 'me-central2	Dammam' 'me-west1	Tel Aviv' 'nam-eur-asia1	Iowa, Oklahoma, Belgium, and Taiwan' 'nam10	Iowa, Salt Lake City, and Oklahoma' 'nam11	Iowa, South Carolina, and Oklahoma' 'nam12	Iowa, Northern Virginia, Oklahoma, and Oregon' 'nam3	Northern Virginia and South Carolina' 'nam4	Iowa, South Carolina, and Oklahoma' 'nam6	Iowa and South Carolina' 'nam7	Iowa, Northern Virginia, and Oklahoma' 'nam8	Los Angeles, Oregon, and Salt Lake City' 'nam9	Northern Virginia and Iowa' 'northamerica-northeast1	Montréal' 'northamerica-northeast2	Toronto' 'northamerica-south1	Mexico' 'southamerica-east1	São Paulo' 'southamerica-west1	Santiago' 'us	Multiple regions in the United States' 'us-central1	Iowa' 'us-east1	South Carolina' 'us-east4	Northern Virginia' 'us-east5	Columbus' 'us-south1	Dallas' 'us-west1	Oregon' 'us-west2	Los Angeles' 'us-west3	Salt Lake City' 'us-west4	Las Vegas'
        case '*:--member'
            set kind member
        case '*:--members'
            set kind member
        case '*:--module-path'
            set kind file
        case '*:--order'
            set found 'asc' 'desc'
        case '*:--output-file'
            set kind file
        case '*:--passphrase-file'
            set kind file
        case '*:--permissions'
            set kind permission
        case '*:--plaintext-file'
            set kind file
        case '*:--primary-version'
            set kind version
        case '*:--private-key-file'
            set kind file
        case '*:--project'
            set kind project
        case '*:--protection-level'
            set found 'software' 'hsm'
        case '*:--public-key'
            set kind file
        case '*:--public-key-file'
            set kind file
        case '*:--public-key-format'
            set found 'pem' 'der' 'nist-pqc' 'xwing-raw-bytes'
        case '*:--purpose'
            set found 'encryption' 'raw-encryption' 'asymmetric-signing' 'asymmetric-encryption' 'mac' 'key-encapsulation'
        case '*:--recipient-file'
            set kind file
        case '*:--remove-permissions'
            set kind permission
        case '*:--role'
            set kind role
        case '*:--root-key-file'
            set kind file
        case '*:--rsa-aes-wrapped-key-file'
            set kind file
        case '*:--service'
            set kind service
        case '*:--share-files'
            set kind file
        case '*:--shared-secret-file'
            set kind file
        case '*:--shares-directory'
            set kind file
        case '*:--signature-file'
            set kind file
        case '*:--stage'
            set found 'ALPHA' 'BETA' 'GA' 'DEPRECATED' 'DISABLED' 'EAP'
        case '*:--state'
            set found 'enabled' 'disabled'
        case '*:--target-key-file'
            set kind file
        case '*:--to'
            set kind file
        case '*:--tombstones'
            set kind file
        case '*:--type'
            set found 'file' 'passphrase' 'keyring' 'command' 'pkcs11' 'shares'
        case '*:--verbosity'
            set found 'debug' 'info' 'warning' 'error' 'critical' 'none'
        case '*:--version'
            set kind version
        case '*:--wrapped-key-file'
            set kind file
        case 'config configurations activate:configuration-name'
            set kind configuration
        case 'config configurations describe:configuration-name'
            set kind configuration
        case 'config configurations rename:configuration-name'
            set kind configuration
        case '*:configuration-names'
            set kind configuration
        case '*:core/disable_prompts'
            set found 'true' 'false'
        case '*:core/log_http'
            set found 'true' 'false'
        case '*:core/project'
            set kind project
        case '*:core/user_output_enabled'
            set found 'true' 'false'
        case '*:core/verbosity'
            set found 'debug' 'info' 'warning' 'error' 'critical' 'none'
        case '*:database'
            set found 'control	what belongs to no location' 'africa-south1	Johannesburg' 'asia	Multiple regions in Asia' 'asia-east1	Taiwan' 'asia-east2	Hong Kong' 'asia-northeast1	Tokyo' 'asia-northeast2	Osaka' 'asia-northeast3	Seoul' 'asia-south1	Mumbai' 'asia-south2	Delhi' 'asia-southeast1	Singapore' 'asia-southeast2	Jakarta' 'asia-southeast3	Bangkok' 'asia1	Tokyo, Osaka, and Seoul' 'au	Multiple regions in Australia' 'australia-southeast1	Sydney' 'australia-southeast2	Melbourne' 'ca	Multiple regions in Canada' 'de	Multiple regions in Germany' 'eur3	Belgium and Netherlands' 'eur4	Finland, Netherlands, and Belgium' 'eur5	London, Belgium, and Netherlands' 'eur6	Netherlands, Frankfurt, and Zürich' 'europe	Multiple regions in the European Union' 'europe-central2	Warsaw' 'europe-north1	Finland' 'europe-north2	Stockholm' 'europe-southwest1	Madrid' 'europe-west1	Belgium' 'europe-west10	Berlin' 'europe-west12	Turin' 'europe-west2	London' 'europe-west3	Frankfurt' 'europe-west4	Netherlands' 'europe-west6	Zürich' 'europe-west8	Milan' 'europe-west9	Paris' 'global	Worldwide' 'in	Multiple regions in India' 'it	Multiple regions in Italy' 'me-central1	Doha' 'me-central2	Dammam' 'me-west1	Tel Aviv' 'nam-eur-asia1	Iowa, Oklahoma, Belgium, and Taiwan' 'nam10	Iowa, Salt Lake City, and Oklahoma' 'nam11	Iowa, South Carolina, and Oklahoma' 'nam12	Iowa, Northern Virginia, Oklahoma, and Oregon' 'nam3	Northern Virginia and South Carolina' 'nam4	Iowa, South Carolina, and Oklahoma' 'nam6	Iowa and South Carolina' 'nam7	Iowa, Northern Virginia, and Oklahoma' 'nam8	Los Angeles, Oregon, and Salt Lake City' 'nam9	Northern Virginia and Iowa' 'northamerica-northeast1	Montréal' 'northamerica-northeast2	Toronto' 'northamerica-south1	Mexico' 'southamerica-east1	São Paulo' 'southamerica-west1	Santiago' 'us	Multiple regions in the United States' 'us-central1	Iowa' 'us-east1	South Carolina' 'us-east4	Northern Virginia' 'us-east5	Columbus' 'us-south1	Dallas' 'us-west1	Oregon' 'us-west2	Los Angeles' 'us-west3	Salt Lake City' 'us-west4	Las Vegas'
        case '*:directory'
            set kind file
        case '*:export'
            set kind file
        case 'batch:file'
            set kind file
        case 'logging export:file'
            set kind file
        case 'quickstart:file'
            set kind file
        case 'store backup restore:file'
            set kind file
        case 'store backup verify:file'
            set kind file
        case 'store export:file'
            set kind file
        case 'store get-public-key:file'
            set kind file
        case 'store import:file'
            set kind file
        case 'store tombstones export:file'
            set kind file
        case 'iam groups add-members:group'
            set kind group
        case 'iam groups delete:group'
            set kind group
        case 'iam groups describe:group'
            set kind group
        case 'iam groups remove-members:group'
            set kind group
        case '*:groups-file'
            set kind file
        case '*:hsm/allow_software_oaep_unpadding'
            set found 'true' 'false'
        case 'import-jobs add-iam-policy-binding:import-job'
            set kind import-job
        case 'import-jobs describe:import-job'
            set kind import-job
        case 'import-jobs get-iam-policy:import-job'
            set kind import-job
        case 'import-jobs remove-iam-policy-binding:import-job'
            set kind import-job
        case 'import-jobs set-iam-policy:import-job'
            set kind import-job
        case 'keys add-iam-policy-binding:key'
            set kind key
        case 'keys describe:key'
            set kind key
        case 'keys get-iam-policy:key'
            set kind key
        case 'keys history:key'
            set kind key
        case 'keys remove-iam-policy-binding:key'
            set kind key
        case 'keys remove-rotation-schedule:key'
            set kind key
        case 'keys set-iam-policy:key'
            set kind key
        case 'keys set-primary-version:key'
            set kind key
        case 'keys set-rotation-schedule:key'
            set kind key
        case 'keys test-iam-permissions:key'
            set kind key
        case 'keys update:key'
            set kind key
        case 'keyrings add-iam-policy-binding:keyring'
            set kind keyring
        case 'keyrings describe:keyring'
            set kind keyring
        case 'keyrings get-iam-policy:keyring'
            set kind keyring
        case 'keyrings history:keyring'
            set kind keyring
        case 'keyrings remove-iam-policy-binding:keyring'
            set kind keyring
        case 'keyrings set-iam-policy:keyring'
            set kind keyring
        case 'keyrings test-iam-permissions:keyring'
            set kind keyring
        case '*:kms/keyring'
            set kind keyring
        case '*:kms/location'
            set found 'africa-south1	Johannesburg' 'asia	Multiple regions in Asia' 'asia-east1	Taiwan' 'asia-east2	Hong Kong' 'asia-northeast1	Tokyo' 'asia-northeast2	Osaka' 'asia-northeast3	Seoul' 'asia-south1	Mumbai' 'asia-south2	Delhi' 'asia-southeast1	Singapore' 'asia-southeast2	Jakarta' 'asia-southeast3	Bangkok' 'asia1	Tokyo, Osaka, and Seoul' 'au	Multiple regions in Australia' 'australia-southeast1	Sydney' 'australia-southeast2	Melbourne' 'ca	Multiple regions in Canada' 'de	Multiple regions in Germany' 'eur3	Belgium and Netherlands' 'eur4	Finland, Netherlands, and Belgium' 'eur5	London, Belgium, and Netherlands' 'eur6	Netherlands, Frankfurt, and Zürich' 'europe	Multiple regions in the European Union' 'europe-central2	Warsaw' 'europe-north1	Finland' 'europe-north2	Stockholm' 'europe-southwest1	Madrid' 'europe-west1	Belgium' 'europe-west10	Berlin' 'europe-west12	Turin' 'europe-west2	London' 'europe-west3	Frankfurt' 'europe-west4	Netherlands' 'europe-west6	Zürich' 'europe-west8	Milan' 'europe-west9	Paris' 'global	Worldwide' 'in	Multiple regions in India' 'it	Multiple regions in Italy' 'me-central1	Doha' 'me-central2	Dammam' 'me-west1	Tel Aviv' 'nam-eur-asia1	Iowa, Oklahoma, Belgium, and Taiwan' 'nam10	Iowa, Salt Lake City, and Oklahoma' 'nam11	Iowa, South Carolina, and Oklahoma' 'nam12	Iowa, Northern Virginia, Oklahoma, and Oregon' 'nam3	Northern Virginia and South Carolina' 'nam4	Iowa, South Carolina, and Oklahoma' 'nam6	Iowa and South Carolina' 'nam7	Iowa, Northern Virginia, and Oklahoma' 'nam8	Los Angeles, Oregon, and Salt Lake City' 'nam9	Northern Virginia and Iowa' 'northamerica-northeast1	Montréal' 'northamerica-northeast2	Toronto' 'northamerica-south1	Mexico' 'southamerica-east1	São Paulo' 'southamerica-west1	Santiago' 'us	Multiple regions in the United States' 'us-central1	Iowa' 'us-east1	South Carolina' 'us-east4	Northern Virginia' 'us-east5	Columbus' 'us-south1	Dallas' 'us-west1	Oregon' 'us-west2	Los Angeles' 'us-west3	Salt Lake City' 'us-west4	Las Vegas'
        case '*:location'
            set found 'africa-south1	Johannesburg' 'asia	Multiple regions in Asia' 'asia-east1	Taiwan' 'asia-east2	Hong Kong' 'asia-northeast1	Tokyo' 'asia-northeast2	Osaka' 'asia-northeast3	Seoul' 'asia-south1	Mumbai' 'asia-south2	Delhi' 'asia-southeast1	Singapore' 'asia-southeast2	Jakarta' 'asia-southeast3	Bangkok' 'asia1	Tokyo, Osaka, and Seoul' 'au	Multiple regions in Australia' 'australia-southeast1	Sydney' 'australia-southeast2	Melbourne' 'ca	Multiple regions in Canada' 'de	Multiple regions in Germany' 'eur3	Belgium and Netherlands' 'eur4	Finland, Netherlands, and Belgium' 'eur5	London, Belgium, and Netherlands' 'eur6	Netherlands, Frankfurt, and Zürich' 'europe	Multiple regions in the European Union' 'europe-central2	Warsaw' 'europe-north1	Finland' 'europe-north2	Stockholm' 'europe-southwest1	Madrid' 'europe-west1	Belgium' 'europe-west10	Berlin' 'europe-west12	Turin' 'europe-west2	London' 'europe-west3	Frankfurt' 'europe-west4	Netherlands' 'europe-west6	Zürich' 'europe-west8	Milan' 'europe-west9	Paris' 'global	Worldwide' 'in	Multiple regions in India' 'it	Multiple regions in Italy' 'me-central1	Doha' 'me-central2	Dammam' 'me-west1	Tel Aviv' 'nam-eur-asia1	Iowa, Oklahoma, Belgium, and Taiwan' 'nam10	Iowa, Salt Lake City, and Oklahoma' 'nam11	Iowa, South Carolina, and Oklahoma' 'nam12	Iowa, Northern Virginia, Oklahoma, and Oregon' 'nam3	Northern Virginia and South Carolina' 'nam4	Iowa, South Carolina, and Oklahoma' 'nam6	Iowa and South Carolina' 'nam7	Iowa, Northern Virginia, and Oklahoma' 'nam8	Los Angeles, Oregon, and Salt Lake City' 'nam9	Northern Virginia and Iowa' 'northamerica-northeast1	Montréal' 'northamerica-northeast2	Toronto' 'northamerica-south1	Mexico' 'southamerica-east1	São Paulo' 'southamerica-west1	Santiago' 'us	Multiple regions in the United States' 'us-central1	Iowa' 'us-east1	South Carolina' 'us-east4	Northern Virginia' 'us-east5	Columbus' 'us-south1	Dallas' 'us-west1	Oregon' 'us-west2	Los Angeles' 'us-west3	Salt Lake City' 'us-west4	Las Vegas'
        case '*:permission'
            set kind permission
        case '*:policy-file'
            set kind file
        case 'projects add-iam-policy-binding:project-id'
            set kind project
        case 'projects describe:project-id'
            set kind project
        case 'projects get-iam-policy:project-id'
            set kind project
        case 'projects remove-iam-policy-binding:project-id'
            set kind project
        case 'projects set-iam-policy:project-id'
            set kind project
        case 'projects test-iam-permissions:project-id'
            set kind project
        case '*:property'
            set found 'core/account	Who runs commands, as an e-mail-like name' 'account	Who runs commands, as an e-mail-like name' 'core/disable_prompts	Take the default of every question, as --quiet does' 'disable_prompts	Take the default of every question, as --quiet does' 'core/log_http	Show each call of the service, as --log-http does' 'log_http	Show each call of the service, as --log-http does' 'core/project	The project that names without one belong to' 'project	The project that names without one belong to' 'core/user_output_enabled	Print resources and messages' 'user_output_enabled	Print resources and messages' 'core/verbosity	The least severe messages that are shown' 'verbosity	The least severe messages that are shown' 'hsm/allow_software_oaep_unpadding	Unpad RSA-OAEP with digests that a token lacks outside of it. Unsafe in servers' 'hsm/uri	The token of HSM keys, a PKCS#11 URI. hsm/locations/L/uri and hsm/projects/P/uri go before it' 'kms/destroy_scheduled_duration	How long versions of new keys stay restorable after destroy, if no flag says so' 'kms/keyring	The key ring of names without one' 'kms/location	The location of names without one' 'store/passphrase_file	The file of the passphrase that opens the store'
        case 'iam roles delete:role'
            set kind custom-role
        case 'iam roles describe:role'
            set kind role
        case 'iam roles undelete:role'
            set kind custom-role
        case 'iam roles update:role'
            set kind custom-role
        case '*:service-account'
            set kind service-account
        case '*:shell'
            set found 'bash' 'zsh' 'fish'
        case '*:version'
            set kind version
        case '*'
            return 1
    end
    return 0
end


function __kmsctl_complete
    set -l tokens (commandline -opc)
    set -l word (commandline -ct | string replace -ra '["\'\\\\]' '')
    set -l program kmsctl
    string match -q '*/kmsctl' -- $tokens[1]
    and set program (string replace -r '^~/' "$HOME/" -- $tokens[1])

    # What stands before the last word. `parts` are what names of resources depend on.
    set -l path
    set -l below
    set -l flags
    set -l positionals
    set -l parts
    set -l given
    set -l count 0
    set -l first
    set -l in_command ''
    set -l in_help ''
    set -l dashes ''
    set -l expected ''
    __kmsctl_below ''
    for each in $tokens[2..-1]
        set -l parameter ''
        set -l value $each
        if test -n "$expected"
            set parameter $expected
            set expected ''
        else if test "x$each" = x--
            set dashes yes
        else if test -z "$dashes"; and string match -q -- '-?*' $each
            set -l halves (string split -m 1 = -- $each)
            set parameter $halves[1]
            set value $halves[2]
            set -a given $parameter
            if not set -q halves[2]; and string match -q -- "$each="\t'*' $flags $__kmsctl_flags
                set expected $each
            end
        else if test -n "$in_command"
            test $count = 0; and set first $each
            __kmsctl_positional
            set parameter --$parameter
            set count (math $count + 1)
        else if test -z "$path" -a "x$each" = xkms
            continue
        else if test -z "$path$in_help" -a "x$each" = xhelp
            set in_help yes
        else
            set -a path $each
            if __kmsctl_command "$path"
                set in_command yes
            else if not __kmsctl_below "$path"
                return
            end
        end
        if contains -- "$parameter" --configuration --project --location --keyring --key
            set -a parts "$parameter=$value"
        end
    end

    # What the last word can become. `lead` is the part of it that stays.
    set -l lead ''
    set -l parameter
    if test -n "$expected"
        set parameter $expected
    else if test -z "$dashes"; and string match -q -- '--*=*' "$word"
        set -l halves (string split -m 1 = -- $word)
        set parameter $halves[1]
        set lead $parameter=
        set word $halves[2]
    else if test -z "$dashes"; and string match -q -- '-*' "$word"
        test -z "$in_help"; and __kmsctl_offer_flags
        return
    else if test -z "$in_command"
        printf '%s\n' $below
        return
    else
        __kmsctl_positional
        if test "$path $parameter" = 'config set value'
            # What fits depends on the property; a bare name is one of core.
            set parameter $first
            string match -q '*/*' -- $first; or set parameter core/$first
        end
    end
    test -z "$in_help" -a -n "$parameter"; or return
    set -l kind
    set -l found
    __kmsctl_values "$path:$parameter"; or return
    switch "$kind"
        case ''
            # All words that fit are found.
        case file
            set found (__fish_complete_path "$word")
        case '*'
            command -q $program; or return
            set found ($program --complete-names $kind "$word" $parts 2>/dev/null </dev/null)
    end
    set -q found[1]; and printf '%s\n' $lead$found
end

# The name of the positional that comes next; one that ends in ... takes all that are left.
function __kmsctl_positional --no-scope-shadowing
    set parameter $positionals[(math $count + 1)]
    test -z "$parameter"; and string match -q -- '*...' "$positionals[-1]"; and set parameter $positionals[-1]
    set parameter (string replace '...' '' -- $parameter)
end

function __kmsctl_offer_flags --no-scope-shadowing
    set -l found (string match -- "$word*" $flags $__kmsctl_flags)
    # Inverses are many, and seldom meant.
    string match -q -- '--no*' $word; or set found (string match -v -- '--no-*' $found)
    for each in $given
        set found (string match -v -- "$each="\t'*' $found | string match -v -- "$each"\t'*')
    end
    set -q found[1]; and printf '%s\n' $found
end

complete -c kmsctl -f -a '(__kmsctl_complete)'
