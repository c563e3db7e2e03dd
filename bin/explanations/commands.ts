/** Codes of the command line, and of the configuration of this application. */
import type { AreaExplanation } from './explanation.ts';

export const COMMAND_EXPLANATIONS = {
  WAYBILL_AGENT_TRANSPORT_UNKNOWN: {
    what: 'The agents were to be placed on a transport that there is not.',
    why: '-c agents= takes the transports of all agents with colons between, the live one first, and each once.',
    fix: 'Give some of postgres, redis and sns-sqs.',
    example: 'npx cdk synth -c env=dev -c systems=agents -c agents=postgres:redis:sns-sqs',
  },
  WAYBILL_SYSTEM_UNKNOWN: {
    what: 'There is no system of the name that was given.',
    why: 'The local run has a workload and a judgement for each system that it knows, and for no other.',
    fix: 'Give one of the names in the message.',
    example: 'npm start -- --system commerce',
  },
  WAYBILL_SYSTEM_NOT_PACKAGED: {
    what: 'The system that was to be started is not in the installed package.',
    why: "Commerce, jobs and generation are applications of Waybill's own repository, with stacks and handlers that no other application needs.",
    fix: 'Start the core system, or clone the repository and start the other one there.',
    example: 'waybill start --system core',
  },
  WAYBILL_STANDBY_IMPOSSIBLE: {
    what: 'The stacks of the standby Region were asked for, and this environment has none.',
    why: 'Only the commerce system has a standby, and only with a database and a network that the stacks make.',
    fix: 'Do what the message says, or ask for an environment that has one.',
    example: 'npx cdk deploy --all -c env=prod -c standby=true -c firstRegion=first-region.json',
  },
  WAYBILL_STANDBY_OUTPUT_MISSING: {
    what: 'The stacks of the standby Region were asked for without what they take from the first one.',
    why: 'Secrets, the table of the controls and the sealing key are shared; what AWS has named them is in outputs of the first Region.',
    fix: 'Give the file that the deployment of the first Region wrote. Keep it where the first Region is not needed to read it.',
    example:
      'npx cdk deploy --all -c env=prod --outputs-file first-region.json\nnpx cdk deploy --all -c env=prod -c standby=true -c firstRegion=first-region.json',
  },
  WAYBILL_ADVICE_SOURCE: {
    what: '`waybill advise` was given no figures, or figures from two places.',
    why: 'Advice is given on what was measured in one system at one time.',
    fix: 'Give --metrics with the address of GET /events/metrics, a file with its answer or - for stdin; or --stage with an environment that is deployed.',
    example: 'waybill advise --metrics metrics.json',
  },
  WAYBILL_THRESHOLD_INVALID: {
    what: 'A threshold of `waybill advise` has no known name, no number, or contradicts another one.',
    why: 'A misspelt limit would be left out in silence, and the advice would be by the default.',
    fix: 'Give NAME=NUMBER with a name of docs/advise.md.',
    example: 'waybill advise --metrics metrics.json --threshold latency=250 events-per-second=500',
  },
  WAYBILL_NEED_UNKNOWN: {
    what: '`waybill advise` was told of a need that it does not know.',
    why: 'What no figure tells has to be said by somebody, by a name that is understood.',
    fix: 'Give ordering or guaranteed-delivery, or the same with no- before it.',
    example: 'waybill advise --metrics metrics.json --needs ordering no-guaranteed-delivery',
  },
  WAYBILL_METRICS_UNREADABLE: {
    what: 'The metrics of an event store could not be read: no file, no answer, or no right to ask.',
    why: 'Without figures there is nothing to give advice on, and a guess would look like advice.',
    fix: 'Look at the reason. An address needs the token of an operator in WAYBILL_TOKEN; a stage needs a Region, and the right to call cloudwatch:GetMetricData.',
    example: 'WAYBILL_TOKEN=... waybill advise --metrics https://api.example.com/events/metrics',
  },
  WAYBILL_METRICS_UNKNOWN: {
    what: 'What was read is not what GET /events/metrics answers, or is of a version that is not understood.',
    why: 'A figure that is missing or no number would make every threshold look kept.',
    fix: 'Give the answer as it is. With a newer version of the API, use the command line of that version.',
    example:
      'curl -H "Authorization: Bearer $WAYBILL_TOKEN" https://api.example.com/events/metrics | waybill advise --metrics -',
  },
  WAYBILL_STAGE_NOT_MEASURED: {
    what: 'CloudWatch has no figures of an event store in this stage for the last two hours.',
    why: 'They are written every minute by a function. Where there are none it is not deployed, fails, or is in another Region or account.',
    fix: "See the function's log, AWS_REGION, and the name of the stage.",
    example: 'AWS_REGION=eu-west-1 waybill advise --stage staging',
  },
  WAYBILL_DATABASE_URL_MISSING: {
    what: 'A failover was asked for without the database.',
    why: 'What the failed Region had published and not handled is published again from the outbox.',
    fix: 'Give the address of the writer in the Region that takes over.',
    example:
      'waybill region failover --from us-east-1 --to us-west-2 --assembly cdk.out cdk.out-standby --database-url postgres://...',
  },
  WAYBILL_REGION_ASSEMBLY_MISSING: {
    what: 'A Region was to be stopped or started, and none of the assemblies that were given is deployed there.',
    why: 'The standby has stacks of its own: which rules stand by is written in its assembly alone.',
    fix: 'Give the assembly of each Region, as it was deployed.',
    example:
      'waybill region failover --from us-east-1 --to us-west-2 --assembly cdk.out cdk.out-standby --dry-run',
  },
  WAYBILL_START_NEVER_REPORTS: {
    what: '`waybill start` was given --json or a count without --once or --load.',
    why: 'Without them the run is watched until it is interrupted. A script would wait for a report that never comes.',
    fix: 'Give --once for a run that ends with a report, or leave out --json and the count.',
    example: 'npm start -- --system commerce --once --orders 100 --json',
  },
  WAYBILL_START_ROUTE: {
    what: '--transport or --migrate of `waybill start` names no way that agents can go.',
    why: 'They get their events by PostgreSQL, Redis Streams or SNS and SQS, and move from one to another.',
    fix: 'Give one of the transports that the message names, or several with colons between.',
    example: 'npm start -- --system agents --once --migrate postgres:redis:sns-sqs --json',
  },
  WAYBILL_SYSTEM_UNIT: {
    what: 'The option counts what this system does not have.',
    why: 'The core system is fed webhook deliveries, the commerce system orders.',
    fix: 'Use the option that the message names.',
    example: 'npm start -- --system commerce --once --orders 1000',
  },
  WAYBILL_CATALOGUE_NOT_FOUND: {
    what: 'The module of the catalogue is not there.',
    why: 'There is nothing to compare with the lock file.',
    fix: 'Name the module that exports `events`.',
    example: 'waybill contracts check --catalogue catalog/index.ts',
  },
  WAYBILL_CATALOGUE_INVALID: {
    what: 'The module of the catalogue exports no array `events`.',
    why: 'There is nothing to compare with the lock file.',
    fix: 'Export every event contract in one array.',
    example: 'export const events = [OrderPlaced, OrderCancelled];',
  },
  WAYBILL_LOCK_REFUSED: {
    what: 'The lock file was not written, because a published version would change.',
    why: 'The lock file is the promise to consumers; it is not rewritten to fit.',
    fix: 'Resolve what the message lists first.',
    example: 'waybill contracts check',
  },
  WAYBILL_LOCK_UNREADABLE: {
    what: 'The lock file is not JSON.',
    why: 'Most often a merge has left its marks in it.',
    fix: 'Restore it from the last commit, and record again.',
    example: 'git checkout catalog/catalogue.lock.json && waybill contracts lock',
  },
  WAYBILL_CONTROLS_TABLE_UNKNOWN: {
    what: '`waybill controls` does not know which controls table is meant.',
    why: 'It finds the table by the functions that use it; there is none here, or several.',
    fix: 'Check account, Region and AWS_ENDPOINT_URL, or name the table.',
    example: 'waybill controls list --table shop-controls',
  },
  WAYBILL_CONSUMER_UNKNOWN: {
    what: 'There is no consumer of that name whose construct has controls.',
    why: 'A consumer without controls does not look at the switches.',
    fix: 'Take a name that the message lists, or give the consumer controls.',
    example: 'waybill controls pause --consumer payment-worker --why "gateway is down"',
  },
  WAYBILL_BREAKER_STATE_UNKNOWN: {
    what: 'A breaker was to be forced into a state that it has not.',
    why: 'It can be forced open or closed, or decide by itself.',
    fix: 'Give open, closed or auto.',
    example: 'waybill controls breaker payment-gateway open --why "maintenance until 14:00"',
  },
  WAYBILL_TRANSPORT_NAME_UNKNOWN: {
    what: 'There is no transport of the name that was given.',
    why: 'Consumers move between postgres, redis and sns-sqs.',
    fix: 'Give one of them.',
    example: 'waybill transport move sentiment --to redis --why "more than 10,000 events a day"',
  },
  WAYBILL_TRANSPORT_NOT_MOVED: {
    what: 'A consumer was to go back, and was never moved.',
    why: 'Rollback is the move back of the last move that was made.',
    fix: 'Say where to.',
    example: 'waybill transport move sentiment --to postgres --why "..."',
  },
  WAYBILL_TRANSPORT_FUNCTION_UNKNOWN: {
    what: 'The function behind the queue of a consumer was not found, or there are several.',
    why: 'Its event source mapping is switched with the move. Functions are found by WAYBILL_CONSUMER and WAYBILL_TRANSPORT.',
    fix: 'Check account and Region, deploy the consumer with sns-sqs among its transports, or say which function.',
    example: 'waybill transport move sentiment --to sns-sqs --function prod-sentiment --why "..."',
  },
  WAYBILL_TRANSPORT_SWITCH_SLOW: {
    what: 'Lambda has not switched an event source mapping in time.',
    why: 'It takes up to a minute, and longer while another change is under way.',
    fix: 'Run the same command again. A move that was made is not made twice.',
    example: 'aws lambda get-event-source-mapping --uuid ...',
  },
  WAYBILL_CONFIRMATION_MISSING: {
    what: 'A change to the controls was not confirmed.',
    why: 'It stops work that customers wait for, or lets it go on.',
    fix: 'Look at it with --dry-run, then give --yes, or type the text that is asked for.',
    example: 'waybill controls pause --tenant acme --why "floods the gateway" --yes',
  },
  WAYBILL_OPERATOR_UNKNOWN: {
    what: 'The command does not know which Region it is for, or whose credentials to use.',
    why: 'It calls AWS, or the embedded AWS, with the settings of your own shell, and something is missing there.',
    fix: 'Set AWS_REGION and AWS_PROFILE. For a local run give us-east-1, any text as both keys, and AWS_ENDPOINT_URL.',
    example:
      'AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local waybill controls list',
  },
  WAYBILL_TARGET_MISSING: {
    what: 'Neither a consumer nor a tenant was given.',
    why: 'There is no switch for everything.',
    fix: 'Give --consumer, --tenant or both.',
    example: 'waybill controls resume --tenant acme --consumer payment-worker --why "mended"',
  },
  WAYBILL_REGION_INVALID: {
    what: 'The Region that was given is none that prices are known for.',
    why: 'Prices and quotas differ by Region.',
    fix: 'Give the name of a Region.',
    example: 'waybill cost --region eu-west-1',
  },
  WAYBILL_CONTEXT_INVALID: {
    what: 'A context value was not given as name=value.',
    why: 'It cannot be passed on to the application.',
    fix: 'Give it as CDK takes it.',
    example: 'npm run proofs -- -c env=prod',
  },
  WAYBILL_REVISION_NOT_SYNTHESIZED: {
    what: 'The application of the revision to compare with could not be synthesized.',
    why: 'Its error is in the message; it may need packages that are no longer installed.',
    fix: 'Compare with a cdk.out directory that was synthesized there.',
    example: 'waybill cost --compare ../other/cdk.out',
  },
  WAYBILL_REVISION_UNKNOWN: {
    what: 'git does not know the revision to compare with.',
    why: 'It is misspelt, or was not fetched.',
    fix: 'Fetch it, or give another one.',
    example: 'git fetch origin main',
  },
  WAYBILL_GIT_MISSING: {
    what: 'git could not be run here.',
    why: 'Comparing with a revision needs it, and a repository.',
    fix: 'Install git, run within the repository, or compare with a cdk.out directory.',
    example: 'waybill cost --compare cdk.out/prod',
  },
  WAYBILL_WORKTREE_FAILED: {
    what: 'git could not check the revision out beside this one.',
    why: 'Its own words are in the message.',
    fix: 'Do what they say; often `git worktree prune` is enough.',
    example: 'git worktree prune',
  },
  WAYBILL_ENVIRONMENT_UNKNOWN: {
    what: 'The environment that was asked for is none.',
    why: 'There are local, dev, staging and prod; nothing else has a configuration.',
    fix: 'Give one of them.',
    example: 'npx cdk synth -c env=dev',
  },
  WAYBILL_CHECKS_FAILED: {
    what: 'The rules of waybill/nag could not be run, or the estimate not be made, so nothing is checked.',
    why: 'The command line of CDK leaves out a plugin that throws: the synth would be green although nobody has looked.',
    fix: 'Mend what the message names. Where it names nothing of yours, report it with the template.',
    example: 'npx cdk synth',
  },
  WAYBILL_CODE_UNKNOWN: {
    what: '`waybill explain` does not know the code.',
    why: 'It is misspelt, or of another release.',
    fix: 'Take the code that it suggests, or list all of them.',
    example: 'waybill explain',
  },
} as const satisfies Record<string, AreaExplanation>;
