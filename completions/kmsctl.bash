# bash completion for kmsctl                                             -*- shell-script -*-
# Generated from the tree of commands by: python -m kmsctl.cli.generate
#
# What was typed is compared and passed on; it is never expanded. Functions below _kmsctl share its
# variables.

_kmsctl_flags='--account= --configuration= --flags-file= --flatten= --format= --help --impersonate-service-account= --log-http --no-log-http --project= --quiet --user-output-enabled --no-user-output-enabled --verbosity='

_kmsctl_below() {
  case "$1" in
    '')
      below='asymmetric-decrypt asymmetric-sign asymmetric-verify batch completion config decapsulate decrypt encrypt findings generate-random-bytes help hsm iam import-jobs info keyrings keys locations logging mac-sign mac-verify projects quickstart raw-decrypt raw-encrypt services store version'
      ;;
    'config')
      below='configurations get get-value list set unset'
      ;;
    'config configurations')
      below='activate create delete describe list rename'
      ;;
    'findings')
      below='list'
      ;;
    'hsm')
      below='check status tokens'
      ;;
    'hsm tokens')
      below='list'
      ;;
    'iam')
      below='explain groups roles service-accounts who-can'
      ;;
    'iam groups')
      below='add-members create delete describe import list remove-members'
      ;;
    'iam roles')
      below='create delete describe list undelete update'
      ;;
    'iam service-accounts')
      below='add-iam-policy-binding create delete describe disable enable get-iam-policy list remove-iam-policy-binding set-iam-policy'
      ;;
    'import-jobs')
      below='add-iam-policy-binding create describe get-iam-policy list remove-iam-policy-binding set-iam-policy wrap'
      ;;
    'keyrings')
      below='add-iam-policy-binding create describe get-iam-policy history list remove-iam-policy-binding set-iam-policy test-iam-permissions'
      ;;
    'keys')
      below='add-iam-policy-binding create describe get-iam-policy history list remove-iam-policy-binding remove-rotation-schedule set-iam-policy set-primary-version set-rotation-schedule test-iam-permissions update versions'
      ;;
    'keys versions')
      below='create describe destroy disable enable get-certificate-chain get-public-key import list restore update'
      ;;
    'locations')
      below='describe list'
      ;;
    'logging')
      below='delete export get-public-key read verify'
      ;;
    'projects')
      below='add-iam-policy-binding create describe get-iam-policy list remove-iam-policy-binding set-iam-policy test-iam-permissions'
      ;;
    'services')
      below='identity'
      ;;
    'services identity')
      below='create'
      ;;
    'store')
      below='accept-rollback backup export get-public-key import init lock maintain protectors repair rotate-master-key rotate-root-key snapshot status tombstones unlock verify'
      ;;
    'store backup')
      below='create list prune restore verify'
      ;;
    'store protectors')
      below='add list remove'
      ;;
    'store snapshot')
      below='create list restore'
      ;;
    'store tombstones')
      below='export'
      ;;
    *) return 1 ;;
  esac
}

_kmsctl_command() {
  case "$1" in
    'asymmetric-decrypt')
      flags='--access-reason= --ciphertext-file= --key= --keyring= --location= --plaintext-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'asymmetric-sign')
      flags='--access-reason= --digest-algorithm= --input-file= --key= --keyring= --location= --signature-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'asymmetric-verify')
      flags='--digest-algorithm= --input-file= --key= --keyring= --location= --signature-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'batch')
      flags='--keep-going --stop-on-error'
      positionals='file'
      ;;
    'completion')
      flags='--install'
      positionals='shell'
      ;;
    'config configurations activate')
      flags=''
      positionals='configuration-name'
      ;;
    'config configurations create')
      flags='--activate --no-activate'
      positionals='configuration-name'
      ;;
    'config configurations delete')
      flags=''
      positionals='configuration-names...'
      ;;
    'config configurations describe')
      flags='--all'
      positionals='configuration-name'
      ;;
    'config configurations list')
      flags='--filter= --limit= --sort-by='
      positionals=''
      ;;
    'config configurations rename')
      flags='--new-name='
      positionals='configuration-name'
      ;;
    'config get')
      flags=''
      positionals='property'
      ;;
    'config get-value')
      flags=''
      positionals='property'
      ;;
    'config list')
      flags='--all'
      positionals='property'
      ;;
    'config set')
      flags=''
      positionals='property value'
      ;;
    'config unset')
      flags=''
      positionals='property'
      ;;
    'decapsulate')
      flags='--access-reason= --ciphertext-file= --key= --keyring= --location= --shared-secret-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'decrypt')
      flags='--access-reason= --additional-authenticated-data-file= --ciphertext-file= --key= --keyring= --location= --plaintext-file= --skip-integrity-verification --no-skip-integrity-verification'
      positionals=''
      ;;
    'encrypt')
      flags='--access-reason= --additional-authenticated-data-file= --ciphertext-file= --key= --keyring= --location= --plaintext-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'findings list')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by='
      positionals=''
      ;;
    'generate-random-bytes')
      flags='--length-bytes= --location= --output-file= --protection-level='
      positionals=''
      ;;
    'help')
      flags=''
      positionals='command...'
      ;;
    'hsm check')
      flags='--location='
      positionals=''
      ;;
    'hsm status')
      flags='--location='
      positionals=''
      ;;
    'hsm tokens list')
      flags='--filter= --limit= --module-path= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'iam explain')
      flags=''
      positionals='permission resource'
      ;;
    'iam groups add-members')
      flags='--members='
      positionals='group'
      ;;
    'iam groups create')
      flags='--description= --display-name='
      positionals='group'
      ;;
    'iam groups delete')
      flags=''
      positionals='group'
      ;;
    'iam groups describe')
      flags=''
      positionals='group'
      ;;
    'iam groups import')
      flags=''
      positionals='groups-file'
      ;;
    'iam groups list')
      flags='--filter= --limit= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'iam groups remove-members')
      flags='--members='
      positionals='group'
      ;;
    'iam roles create')
      flags='--description= --file= --permissions= --stage= --title='
      positionals='role'
      ;;
    'iam roles delete')
      flags=''
      positionals='role'
      ;;
    'iam roles describe')
      flags=''
      positionals='role'
      ;;
    'iam roles list')
      flags='--filter= --limit= --page-size= --show-deleted --no-show-deleted --sort-by='
      positionals=''
      ;;
    'iam roles undelete')
      flags=''
      positionals='role'
      ;;
    'iam roles update')
      flags='--add-permissions= --description= --file= --permissions= --remove-permissions= --stage= --title='
      positionals='role'
      ;;
    'iam service-accounts add-iam-policy-binding')
      flags='--condition= --condition-from-file= --member= --role='
      positionals='service-account'
      ;;
    'iam service-accounts create')
      flags='--description= --display-name='
      positionals='name'
      ;;
    'iam service-accounts delete')
      flags=''
      positionals='service-account'
      ;;
    'iam service-accounts describe')
      flags=''
      positionals='service-account'
      ;;
    'iam service-accounts disable')
      flags=''
      positionals='service-account'
      ;;
    'iam service-accounts enable')
      flags=''
      positionals='service-account'
      ;;
    'iam service-accounts get-iam-policy')
      flags='--filter= --limit= --page-size= --sort-by='
      positionals='service-account'
      ;;
    'iam service-accounts list')
      flags='--filter= --limit= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'iam service-accounts remove-iam-policy-binding')
      flags='--all --no-all --condition= --condition-from-file= --member= --role='
      positionals='service-account'
      ;;
    'iam service-accounts set-iam-policy')
      flags=''
      positionals='service-account policy-file'
      ;;
    'iam who-can')
      flags='--filter= --limit= --page-size= --sort-by='
      positionals='permission resource'
      ;;
    'import-jobs add-iam-policy-binding')
      flags='--keyring= --location= --member= --role='
      positionals='import-job'
      ;;
    'import-jobs create')
      flags='--import-method= --keyring= --location= --protection-level='
      positionals='import-job'
      ;;
    'import-jobs describe')
      flags='--attestation-file= --keyring= --location='
      positionals='import-job'
      ;;
    'import-jobs get-iam-policy')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by='
      positionals='import-job'
      ;;
    'import-jobs list')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'import-jobs remove-iam-policy-binding')
      flags='--keyring= --location= --member= --role='
      positionals='import-job'
      ;;
    'import-jobs set-iam-policy')
      flags='--keyring= --location='
      positionals='import-job policy-file'
      ;;
    'import-jobs wrap')
      flags='--algorithm= --generate --no-generate --import-method= --passphrase-fd= --passphrase-file= --public-key-file= --target-key-file= --wrapped-key-file='
      positionals=''
      ;;
    'info')
      flags=''
      positionals=''
      ;;
    'keyrings add-iam-policy-binding')
      flags='--condition= --condition-from-file= --location= --member= --role='
      positionals='keyring'
      ;;
    'keyrings create')
      flags='--location= --tags='
      positionals='keyring'
      ;;
    'keyrings describe')
      flags='--location='
      positionals='keyring'
      ;;
    'keyrings get-iam-policy')
      flags='--filter= --limit= --location= --page-size= --sort-by='
      positionals='keyring'
      ;;
    'keyrings history')
      flags='--filter= --limit= --location= --page-size= --recursive --no-recursive --sort-by='
      positionals='keyring'
      ;;
    'keyrings list')
      flags='--filter= --limit= --location= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'keyrings remove-iam-policy-binding')
      flags='--all --no-all --condition= --condition-from-file= --location= --member= --role='
      positionals='keyring'
      ;;
    'keyrings set-iam-policy')
      flags='--location='
      positionals='keyring policy-file'
      ;;
    'keyrings test-iam-permissions')
      flags='--location= --permissions='
      positionals='keyring'
      ;;
    'keys add-iam-policy-binding')
      flags='--condition= --condition-from-file= --keyring= --location= --member= --role='
      positionals='key'
      ;;
    'keys create')
      flags='--allowed-access-reasons= --default-algorithm= --destroy-scheduled-duration= --import-only --no-import-only --keyring= --labels= --location= --next-rotation-time= --not-exportable --protection-level= --purpose= --rotation-period= --skip-initial-version-creation --no-skip-initial-version-creation'
      positionals='key'
      ;;
    'keys describe')
      flags='--keyring= --location='
      positionals='key'
      ;;
    'keys get-iam-policy')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by='
      positionals='key'
      ;;
    'keys history')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by='
      positionals='key'
      ;;
    'keys list')
      flags='--filter= --keyring= --limit= --location= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'keys remove-iam-policy-binding')
      flags='--all --no-all --condition= --condition-from-file= --keyring= --location= --member= --role='
      positionals='key'
      ;;
    'keys remove-rotation-schedule')
      flags='--keyring= --location='
      positionals='key'
      ;;
    'keys set-iam-policy')
      flags='--keyring= --location='
      positionals='key policy-file'
      ;;
    'keys set-primary-version')
      flags='--keyring= --location= --version='
      positionals='key'
      ;;
    'keys set-rotation-schedule')
      flags='--keyring= --location= --next-rotation-time= --rotation-period='
      positionals='key'
      ;;
    'keys test-iam-permissions')
      flags='--keyring= --location= --permissions='
      positionals='key'
      ;;
    'keys update')
      flags='--allowed-access-reasons= --clear-labels --no-clear-labels --default-algorithm= --keyring= --location= --next-rotation-time= --not-exportable --primary-version= --remove-key-access-justifications-policy --no-remove-key-access-justifications-policy --remove-labels= --remove-rotation-schedule --no-remove-rotation-schedule --rotation-period= --update-labels='
      positionals='key'
      ;;
    'keys versions create')
      flags='--key= --keyring= --location= --primary --no-primary'
      positionals=''
      ;;
    'keys versions describe')
      flags='--attestation-file= --key= --keyring= --location='
      positionals='version'
      ;;
    'keys versions destroy')
      flags='--key= --keyring= --location='
      positionals='version'
      ;;
    'keys versions disable')
      flags='--key= --keyring= --location='
      positionals='version'
      ;;
    'keys versions enable')
      flags='--key= --keyring= --location='
      positionals='version'
      ;;
    'keys versions get-certificate-chain')
      flags='--certificate-chain-type= --key= --keyring= --location= --output-file='
      positionals='version'
      ;;
    'keys versions get-public-key')
      flags='--key= --keyring= --location= --output-file= --public-key-format='
      positionals='version'
      ;;
    'keys versions import')
      flags='--algorithm= --import-job= --key= --keyring= --location= --passphrase-fd= --passphrase-file= --public-key-file= --rsa-aes-wrapped-key-file= --target-key-file= --version= --wrapped-key-file='
      positionals=''
      ;;
    'keys versions list')
      flags='--filter= --key= --keyring= --limit= --location= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'keys versions restore')
      flags='--key= --keyring= --location='
      positionals='version'
      ;;
    'keys versions update')
      flags='--key= --keyring= --location= --state='
      positionals='version'
      ;;
    'locations describe')
      flags=''
      positionals='location'
      ;;
    'locations list')
      flags='--filter= --limit= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'logging delete')
      flags='--location= --older-than='
      positionals=''
      ;;
    'logging export')
      flags='--checkpoint= --location= --since='
      positionals='file'
      ;;
    'logging get-public-key')
      flags='--location= --output-file='
      positionals=''
      ;;
    'logging read')
      flags='--freshness= --limit= --location= --order= --resource-names='
      positionals='log-filter'
      ;;
    'logging verify')
      flags='--checkpoint= --location= --public-key='
      positionals='export'
      ;;
    'mac-sign')
      flags='--access-reason= --input-file= --key= --keyring= --location= --signature-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'mac-verify')
      flags='--access-reason= --input-file= --key= --keyring= --location= --signature-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'projects add-iam-policy-binding')
      flags='--condition= --condition-from-file= --member= --role='
      positionals='project-id'
      ;;
    'projects create')
      flags='--labels= --name='
      positionals='project-id'
      ;;
    'projects describe')
      flags=''
      positionals='project-id'
      ;;
    'projects get-iam-policy')
      flags='--filter= --limit= --page-size= --sort-by='
      positionals='project-id'
      ;;
    'projects list')
      flags='--filter= --limit= --page-size= --sort-by= --uri --no-uri'
      positionals=''
      ;;
    'projects remove-iam-policy-binding')
      flags='--all --no-all --condition= --condition-from-file= --member= --role='
      positionals='project-id'
      ;;
    'projects set-iam-policy')
      flags=''
      positionals='project-id policy-file'
      ;;
    'projects test-iam-permissions')
      flags='--permissions='
      positionals='project-id'
      ;;
    'quickstart')
      flags='--location='
      positionals='file'
      ;;
    'raw-decrypt')
      flags='--access-reason= --additional-authenticated-data-file= --ciphertext-file= --initialization-vector-file= --key= --keyring= --location= --plaintext-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'raw-encrypt')
      flags='--access-reason= --additional-authenticated-data-file= --ciphertext-file= --initialization-vector-file= --initialization-vector-output-file= --key= --keyring= --location= --plaintext-file= --skip-integrity-verification --no-skip-integrity-verification --version='
      positionals=''
      ;;
    'services identity create')
      flags='--service='
      positionals=''
      ;;
    'store accept-rollback')
      flags=''
      positionals='database'
      ;;
    'store backup create')
      flags='--include-root-key --passphrase-fd= --passphrase-file= --recipient-file='
      positionals='file'
      ;;
    'store backup list')
      flags='--passphrase-fd= --passphrase-file= --private-key-file= --root-key-file='
      positionals='directory'
      ;;
    'store backup prune')
      flags='--keep='
      positionals='directory'
      ;;
    'store backup restore')
      flags='--destroyed-may-return --dry-run --justification= --location= --passphrase-fd= --passphrase-file= --private-key-file= --root-key-file= --tombstones='
      positionals='file'
      ;;
    'store backup verify')
      flags='--passphrase-fd= --passphrase-file= --private-key-file= --root-key-file='
      positionals='file'
      ;;
    'store export')
      flags='--keyring= --location= --to='
      positionals='file'
      ;;
    'store get-public-key')
      flags=''
      positionals='file'
      ;;
    'store import')
      flags='--with-policies'
      positionals='file'
      ;;
    'store init')
      flags='--command= --command-timeout= --passphrase-fd= --passphrase-file= --shares= --shares-directory= --threshold= --type='
      positionals=''
      ;;
    'store lock')
      flags=''
      positionals=''
      ;;
    'store maintain')
      flags='--max-master-key-age='
      positionals=''
      ;;
    'store protectors add')
      flags='--command= --command-timeout= --passphrase-fd= --passphrase-file= --shares= --shares-directory= --threshold= --type='
      positionals=''
      ;;
    'store protectors list')
      flags=''
      positionals=''
      ;;
    'store protectors remove')
      flags=''
      positionals='protector'
      ;;
    'store repair')
      flags='--dry-run --no-dry-run'
      positionals=''
      ;;
    'store rotate-master-key')
      flags='--all --location='
      positionals=''
      ;;
    'store rotate-root-key')
      flags='--drop-unavailable --passphrase-fd= --passphrase-file= --share-files='
      positionals=''
      ;;
    'store snapshot create')
      flags=''
      positionals=''
      ;;
    'store snapshot list')
      flags=''
      positionals=''
      ;;
    'store snapshot restore')
      flags='--destroyed-may-return --dry-run --justification= --location= --tombstones='
      positionals='id'
      ;;
    'store status')
      flags=''
      positionals=''
      ;;
    'store tombstones export')
      flags=''
      positionals='file'
      ;;
    'store unlock')
      flags='--passphrase-fd= --passphrase-file= --share-files= --timeout='
      positionals=''
      ;;
    'store verify')
      flags='--audit --no-audit --since-last --no-since-last'
      positionals=''
      ;;
    'version')
      flags=''
      positionals=''
      ;;
    *) return 1 ;;
  esac
}

_kmsctl_values() {
  case "$1:$2" in
    *:--access-reason)
      words='customer-authorized-workflow-servicing customer-initiated-access customer-initiated-support google-initiated-review google-initiated-service google-initiated-system-operation google-response-to-production-alert modified-customer-initiated-access modified-google-initiated-system-operation reason-not-expected reason-unspecified third-party-data-request'
      ;;
    *:--add-permissions)
      kind='permission'
      ;;
    *:--additional-authenticated-data-file)
      kind='file'
      ;;
    *:--algorithm)
      words='aes-128-cbc aes-128-ctr aes-128-gcm aes-256-cbc aes-256-ctr aes-256-gcm ec-sign-ed25519 ec-sign-p256-sha256 ec-sign-p384-sha384 ec-sign-secp256k1-sha256 google-symmetric-encryption hmac-sha1 hmac-sha224 hmac-sha256 hmac-sha384 hmac-sha512 kem-xwing ml-kem-1024 ml-kem-768 pq-sign-hash-slh-dsa-sha2-128s-sha256 pq-sign-ml-dsa-44 pq-sign-ml-dsa-44-external-mu pq-sign-ml-dsa-65 pq-sign-ml-dsa-65-external-mu pq-sign-ml-dsa-87 pq-sign-ml-dsa-87-external-mu pq-sign-slh-dsa-sha2-128s rsa-decrypt-oaep-2048-sha1 rsa-decrypt-oaep-2048-sha256 rsa-decrypt-oaep-3072-sha1 rsa-decrypt-oaep-3072-sha256 rsa-decrypt-oaep-4096-sha1 rsa-decrypt-oaep-4096-sha256 rsa-decrypt-oaep-4096-sha512 rsa-sign-pkcs1-2048-sha256 rsa-sign-pkcs1-3072-sha256 rsa-sign-pkcs1-4096-sha256 rsa-sign-pkcs1-4096-sha512 rsa-sign-pss-2048-sha256 rsa-sign-pss-3072-sha256 rsa-sign-pss-4096-sha256 rsa-sign-pss-4096-sha512 rsa-sign-raw-pkcs1-2048 rsa-sign-raw-pkcs1-3072 rsa-sign-raw-pkcs1-4096'
      ;;
    *:--allowed-access-reasons)
      words='customer-authorized-workflow-servicing customer-initiated-access customer-initiated-support google-initiated-review google-initiated-service google-initiated-system-operation google-response-to-production-alert modified-customer-initiated-access modified-google-initiated-system-operation reason-not-expected reason-unspecified third-party-data-request'
      ;;
    *:--attestation-file)
      kind='file'
      ;;
    *:--certificate-chain-type)
      words='all cavium google-card google-partition'
      ;;
    *:--checkpoint)
      kind='file'
      ;;
    *:--ciphertext-file)
      kind='file'
      ;;
    *:--condition-from-file)
      kind='file'
      ;;
    *:--configuration)
      kind='configuration'
      ;;
    *:--default-algorithm)
      words='google-symmetric-encryption aes-128-gcm aes-256-gcm aes-128-cbc aes-256-cbc aes-128-ctr aes-256-ctr ec-sign-ed25519 ec-sign-p256-sha256 ec-sign-p384-sha384 ec-sign-secp256k1-sha256 rsa-sign-pss-2048-sha256 rsa-sign-pss-3072-sha256 rsa-sign-pss-4096-sha256 rsa-sign-pss-4096-sha512 rsa-sign-pkcs1-2048-sha256 rsa-sign-pkcs1-3072-sha256 rsa-sign-pkcs1-4096-sha256 rsa-sign-pkcs1-4096-sha512 rsa-sign-raw-pkcs1-2048 rsa-sign-raw-pkcs1-3072 rsa-sign-raw-pkcs1-4096 pq-sign-ml-dsa-44 pq-sign-ml-dsa-65 pq-sign-ml-dsa-87 pq-sign-slh-dsa-sha2-128s pq-sign-hash-slh-dsa-sha2-128s-sha256 pq-sign-ml-dsa-44-external-mu pq-sign-ml-dsa-65-external-mu pq-sign-ml-dsa-87-external-mu rsa-decrypt-oaep-2048-sha1 rsa-decrypt-oaep-2048-sha256 rsa-decrypt-oaep-3072-sha1 rsa-decrypt-oaep-3072-sha256 rsa-decrypt-oaep-4096-sha1 rsa-decrypt-oaep-4096-sha256 rsa-decrypt-oaep-4096-sha512 hmac-sha1 hmac-sha224 hmac-sha256 hmac-sha384 hmac-sha512 ml-kem-768 ml-kem-1024 kem-xwing'
      ;;
    *:--digest-algorithm)
      words='sha256 sha384 sha512 external-mu'
      ;;
    *:--file)
      kind='file'
      ;;
    *:--flags-file)
      kind='file'
      ;;
    *:--format)
      words='config default disable flattened json list multi none object text yaml'
      ;;
    *:--impersonate-service-account)
      kind='service-account'
      ;;
    *:--import-job)
      kind='import-job'
      ;;
    *:--import-method)
      words='hpke-kem-ml-kem-1024-hkdf-sha256-aes-256-gcm hpke-kem-ml-kem-768-hkdf-sha256-aes-256-gcm hpke-kem-xwing-hkdf-sha256-aes-256-gcm rsa-oaep-3072-sha1-aes-256 rsa-oaep-3072-sha256 rsa-oaep-3072-sha256-aes-256 rsa-oaep-4096-sha1-aes-256 rsa-oaep-4096-sha256 rsa-oaep-4096-sha256-aes-256'
      ;;
    *:--initialization-vector-file)
      kind='file'
      ;;
    *:--initialization-vector-output-file)
      kind='file'
      ;;
    *:--input-file)
      kind='file'
      ;;
    *:--key)
      kind='key'
      ;;
    *:--keyring)
      kind='keyring'
      ;;
    *:--location)
      words='africa-south1 asia asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 asia1 au australia-southeast1 australia-southeast2 ca de eur3 eur4 eur5 eur6 europe europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 global in it me-central1 me-central2 me-west1 nam-eur-asia1 nam10 nam11 nam12 nam3 nam4 nam6 nam7 nam8 nam9 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4'
      ;;
    *:--member)
      kind='member'
      ;;
    *:--members)
      kind='member'
      ;;
    *:--module-path)
      kind='file'
      ;;
    *:--order)
      words='asc desc'
      ;;
    *:--output-file)
      kind='file'
      ;;
    *:--passphrase-file)
      kind='file'
      ;;
    *:--permissions)
      kind='permission'
      ;;
    *:--plaintext-file)
      kind='file'
      ;;
    *:--primary-version)
      kind='version'
      ;;
    *:--private-key-file)
      kind='file'
      ;;
    *:--project)
      kind='project'
      ;;
    *:--protection-level)
      words='software hsm'
      ;;
    *:--public-key)
      kind='file'
      ;;
    *:--public-key-file)
      kind='file'
      ;;
    *:--public-key-format)
      words='pem der nist-pqc xwing-raw-bytes'
      ;;
    *:--purpose)
      words='encryption raw-encryption asymmetric-signing asymmetric-encryption mac key-encapsulation'
      ;;
    *:--recipient-file)
      kind='file'
      ;;
    *:--remove-permissions)
      kind='permission'
      ;;
    *:--role)
      kind='role'
      ;;
    *:--root-key-file)
      kind='file'
      ;;
    *:--rsa-aes-wrapped-key-file)
      kind='file'
      ;;
    *:--service)
      kind='service'
      ;;
    *:--share-files)
      kind='file'
      ;;
    *:--shared-secret-file)
      kind='file'
      ;;
    *:--shares-directory)
      kind='file'
      ;;
    *:--signature-file)
      kind='file'
      ;;
    *:--stage)
      words='ALPHA BETA GA DEPRECATED DISABLED EAP'
      ;;
    *:--state)
      words='enabled disabled'
      ;;
    *:--target-key-file)
      kind='file'
      ;;
    *:--to)
      kind='file'
      ;;
    *:--tombstones)
      kind='file'
      ;;
    *:--type)
      words='file passphrase keyring command pkcs11 shares'
      ;;
    *:--verbosity)
      words='debug info warning error critical none'
      ;;
    *:--version)
      kind='version'
      ;;
    *:--wrapped-key-file)
      kind='file'
      ;;
    'config configurations activate:configuration-name')
      kind='configuration'
      ;;
    'config configurations describe:configuration-name')
      kind='configuration'
      ;;
    'config configurations rename:configuration-name')
      kind='configuration'
      ;;
    *:configuration-names)
      kind='configuration'
      ;;
    *:core/disable_prompts)
      words='true false'
      ;;
    *:core/log_http)
      words='true false'
      ;;
    *:core/project)
      kind='project'
      ;;
    *:core/user_output_enabled)
      words='true false'
      ;;
    *:core/verbosity)
      words='debug info warning error critical none'
      ;;
    *:database)
      words='control africa-south1 asia asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 asia1 au australia-southeast1 australia-southeast2 ca de eur3 eur4 eur5 eur6 europe europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 global in it me-central1 me-central2 me-west1 nam-eur-asia1 nam10 nam11 nam12 nam3 nam4 nam6 nam7 nam8 nam9 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4'
      ;;
    *:directory)
      kind='file'
      ;;
    *:export)
      kind='file'
      ;;
    'batch:file')
      kind='file'
      ;;
    'logging export:file')
      kind='file'
      ;;
    'quickstart:file')
      kind='file'
      ;;
    'store backup restore:file')
      kind='file'
      ;;
    'store backup verify:file')
      kind='file'
      ;;
    'store export:file')
      kind='file'
      ;;
    'store get-public-key:file')
      kind='file'
      ;;
    'store import:file')
      kind='file'
      ;;
    'store tombstones export:file')
      kind='file'
      ;;
    'iam groups add-members:group')
      kind='group'
      ;;
    'iam groups delete:group')
      kind='group'
      ;;
    'iam groups describe:group')
      kind='group'
      ;;
    'iam groups remove-members:group')
      kind='group'
      ;;
    *:groups-file)
      kind='file'
      ;;
    *:hsm/allow_software_oaep_unpadding)
      words='true false'
      ;;
    'import-jobs add-iam-policy-binding:import-job')
      kind='import-job'
      ;;
    'import-jobs describe:import-job')
      kind='import-job'
      ;;
    'import-jobs get-iam-policy:import-job')
      kind='import-job'
      ;;
    'import-jobs remove-iam-policy-binding:import-job')
      kind='import-job'
      ;;
    'import-jobs set-iam-policy:import-job')
      kind='import-job'
      ;;
    'keys add-iam-policy-binding:key')
      kind='key'
      ;;
    'keys describe:key')
      kind='key'
      ;;
    'keys get-iam-policy:key')
      kind='key'
      ;;
    'keys history:key')
      kind='key'
      ;;
    'keys remove-iam-policy-binding:key')
      kind='key'
      ;;
    'keys remove-rotation-schedule:key')
      kind='key'
      ;;
    'keys set-iam-policy:key')
      kind='key'
      ;;
    'keys set-primary-version:key')
      kind='key'
      ;;
    'keys set-rotation-schedule:key')
      kind='key'
      ;;
    'keys test-iam-permissions:key')
      kind='key'
      ;;
    'keys update:key')
      kind='key'
      ;;
    'keyrings add-iam-policy-binding:keyring')
      kind='keyring'
      ;;
    'keyrings describe:keyring')
      kind='keyring'
      ;;
    'keyrings get-iam-policy:keyring')
      kind='keyring'
      ;;
    'keyrings history:keyring')
      kind='keyring'
      ;;
    'keyrings remove-iam-policy-binding:keyring')
      kind='keyring'
      ;;
    'keyrings set-iam-policy:keyring')
      kind='keyring'
      ;;
    'keyrings test-iam-permissions:keyring')
      kind='keyring'
      ;;
    *:kms/keyring)
      kind='keyring'
      ;;
    *:kms/location)
      words='africa-south1 asia asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 asia1 au australia-southeast1 australia-southeast2 ca de eur3 eur4 eur5 eur6 europe europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 global in it me-central1 me-central2 me-west1 nam-eur-asia1 nam10 nam11 nam12 nam3 nam4 nam6 nam7 nam8 nam9 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4'
      ;;
    *:location)
      words='africa-south1 asia asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 asia1 au australia-southeast1 australia-southeast2 ca de eur3 eur4 eur5 eur6 europe europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 global in it me-central1 me-central2 me-west1 nam-eur-asia1 nam10 nam11 nam12 nam3 nam4 nam6 nam7 nam8 nam9 northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4'
      ;;
    *:permission)
      kind='permission'
      ;;
    *:policy-file)
      kind='file'
      ;;
    'projects add-iam-policy-binding:project-id')
      kind='project'
      ;;
    'projects describe:project-id')
      kind='project'
      ;;
    'projects get-iam-policy:project-id')
      kind='project'
      ;;
    'projects remove-iam-policy-binding:project-id')
      kind='project'
      ;;
    'projects set-iam-policy:project-id')
      kind='project'
      ;;
    'projects test-iam-permissions:project-id')
      kind='project'
      ;;
    *:property)
      words='core/account account core/disable_prompts disable_prompts core/log_http log_http core/project project core/user_output_enabled user_output_enabled core/verbosity verbosity hsm/allow_software_oaep_unpadding hsm/uri kms/destroy_scheduled_duration kms/keyring kms/location store/passphrase_file'
      ;;
    'iam roles delete:role')
      kind='custom-role'
      ;;
    'iam roles describe:role')
      kind='role'
      ;;
    'iam roles undelete:role')
      kind='custom-role'
      ;;
    'iam roles update:role')
      kind='custom-role'
      ;;
    *:service-account)
      kind='service-account'
      ;;
    *:shell)
      words='bash zsh fish'
      ;;
    *:version)
      kind='version'
      ;;
    *) return 1 ;;
  esac
}


_kmsctl() {
  local IFS=$' \t\n' typed=$2 program=kmsctl
  local line=() word='' path='' in_command='' in_help='' dashes='' expected='' given=' ' first='' count=0
  local parts=() below='' flags='' positionals='' words='' kind='' lead='' parameter=''
  COMPREPLY=()
  # shellcheck disable=SC2088
  case "$1" in
    '~/'*/kmsctl) program=$HOME${1#'~'} ;;
    */kmsctl) program=$1 ;;
  esac
  _kmsctl_split
  _kmsctl_below ''
  _kmsctl_read || return 0
  _kmsctl_complete
  return 0
}

# readline parts words at = and : too. These are what blanks part, up to the cursor; the last is `word`.
_kmsctl_split() {
  local rest=${COMP_LINE:0:COMP_POINT} blanks piece i
  rest=${rest#*"${COMP_WORDS[0]}"}
  for ((i = 1; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    blanks=${rest%%[![:space:]]*}
    rest=${rest#"$blanks"}
    [[ ${#rest} -lt ${#piece} ]] && piece=$rest
    rest=${rest#"$piece"}
    piece=${piece//[\"\'\\]/}
    if [[ -n $blanks || ${#line[@]} -eq 0 ]]; then
      line+=("$piece")
    else
      line[${#line[@]} - 1]+=$piece
    fi
  done
  if [[ ${#line[@]} -gt 0 ]]; then
    word=${line[${#line[@]} - 1]}
    unset "line[${#line[@]} - 1]"
  fi
}

# Reads what stands before the last word. Fails where nothing can follow.
_kmsctl_read() {
  local each
  for each in ${line[@]+"${line[@]}"}; do
    if [[ -n $expected ]]; then
      _kmsctl_note "$expected" "$each"
      expected=
    elif [[ -z $dashes && $each == -- ]]; then
      dashes=1
    elif [[ -z $dashes && $each == -?* ]]; then
      given+="${each%%=*} "
      if [[ $each == *=* ]]; then
        _kmsctl_note "${each%%=*}" "${each#*=}"
      elif [[ " $flags $_kmsctl_flags " == *" $each= "* ]]; then
        expected=$each
      fi
    elif [[ -z $in_command ]]; then
      _kmsctl_enter "$each" || return 1
    else
      _kmsctl_positional
      [[ $count -eq 0 ]] && first=$each
      _kmsctl_note "$parameter" "$each"
      parameter=
      count=$((count + 1))
    fi
  done
}

_kmsctl_enter() {
  if [[ -z $path && $1 == kms ]]; then
    return 0
  elif [[ -z $path$in_help && $1 == help ]]; then
    in_help=1
    return 0
  fi
  path=${path:+$path }$1
  if _kmsctl_command "$path"; then
    in_command=1
    below=
    return 0
  fi
  _kmsctl_below "$path"
}

# Keeps what names of resources depend on.
_kmsctl_note() {
  case "${1#--}" in
    configuration | project | location | keyring | key) parts+=("--${1#--}=$2") ;;
  esac
}

# The name of the positional that comes next; one that ends in ... takes all that are left.
_kmsctl_positional() {
  local each i=0
  parameter=
  for each in $positionals; do
    if [[ $i -eq $count || $each == *... ]]; then
      parameter=${each%...}
      return
    fi
    i=$((i + 1))
  done
}

_kmsctl_complete() {
  if [[ -n $expected ]]; then
    parameter=$expected
  elif [[ -z $dashes && $word == --*=* ]]; then
    parameter=${word%%=*}
    lead=$parameter=
    word=${word#*=}
  elif [[ -z $dashes && $word == -* ]]; then
    _kmsctl_offer_flags
    return
  elif [[ -z $in_command ]]; then
    words=$below
    _kmsctl_offer
    return
  else
    _kmsctl_positional
    if [[ "$path $parameter" == 'config set value' ]]; then
      # What fits depends on the property; a bare name is one of core.
      parameter=$first
      [[ $first == */* ]] || parameter=core/$first
    fi
  fi
  [[ -z $in_help && -n $parameter ]] && _kmsctl_values "$path" "$parameter" || return
  case "$kind" in
    '') _kmsctl_offer ;;
    file) _kmsctl_offer_files ;;
    *) _kmsctl_offer_names ;;
  esac
}

# readline replaces what it takes for the word, which may be the end of ours.
_kmsctl_reply() {
  local all=$lead$word reply=$lead$1
  if [[ -n $typed && $all == *"$typed" ]]; then
    reply=${reply#"${all%"$typed"}"}
  elif [[ -z $typed || $typed == [=:] ]]; then
    reply=${reply#"$all"}
  fi
  COMPREPLY+=("$reply")
}

_kmsctl_offer() {
  local each
  for each in $words; do
    [[ $each == "$word"* ]] && _kmsctl_reply "$each"
  done
}

_kmsctl_offer_flags() {
  local each
  [[ -n $in_help ]] && return
  for each in $flags $_kmsctl_flags; do
    [[ $each == "$word"* && $given != *" ${each%=} "* ]] || continue
    # Inverses are many, and seldom meant.
    [[ $each == --no-* && $word != --no* ]] || _kmsctl_reply "$each"
  done
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}

_kmsctl_offer_files() {
  local each
  # readline knows best, unless it takes the flag for a part of the name.
  if [[ -z $lead || $COMP_WORDBREAKS == *=* ]] && compopt -o default 2>/dev/null; then
    return
  fi
  while IFS= read -r each; do
    printf -v each %q "$each"
    _kmsctl_reply "${each/#'\~'/'~'}"
  done < <(compgen -f -- "$word")
}

_kmsctl_offer_names() {
  local each
  while IFS=$'\t' read -r each _; do
    _kmsctl_reply "$each"
  done < <("$program" --complete-names "$kind" "$word" ${parts[@]+"${parts[@]}"} 2>/dev/null </dev/null)
}

complete -F _kmsctl kmsctl
