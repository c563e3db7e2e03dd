/** The command line. Each verb is a file in commands/, loaded only when it is used. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describeError, EXIT } from './command-error.ts';

const packageFile = new URL(
  import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json',
  import.meta.url,
);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

const program = new Command('waybill')
  .description('Event messaging on AWS from one declaration: synthesize, run locally, prove delivery.')
  .version(version)
  .showSuggestionAfterError()
  .showHelpAfterError('Run "waybill --help" for the commands.')
  .exitOverride();

program
  .command('start')
  .description('run the local environment in the embedded AWS and feed it a sample workload')
  .option('-p, --port <number>', 'port of the AWS endpoint', port, 4566)
  .option('--env <name>', 'environment to synthesize', 'local')
  .option('--system <name>', 'system to run: core, commerce, jobs, generation or agents', 'core')
  .option('--once', 'feed the workload, wait for quiet, report and exit')
  .addOption(
    new Option(
      '--brokers <kind>',
      'Kafka and RabbitMQ of the system: auto takes real ones where they are',
    ).choices(['auto', 'embedded', 'real']),
  )
  .option('--load', 'load test: ten times over capacity (commerce), or thousands of browsers (generation)')
  .option('--seconds <number>', 'of each phase of the load test (commerce)', count)
  .option('--clients <number>', 'simulated browsers of the load test (generation)', count)
  .option('--events <number>', 'webhook deliveries (core), feedback and votes (agents) to feed', count)
  .option('--orders <number>', 'orders to place (commerce)', count)
  .option('--generations <number>', 'images to order (generation)', count)
  .option('--jobs <number>', 'jobs to ask for (jobs)', count)
  .option('--transport <name>', 'what the agents get their events by: postgres, redis or sns-sqs (agents)')
  .option('--migrate <names>', 'with --once: move all agents while they work, such as postgres:redis:sns-sqs')
  .option('--chaos', 'fail handlers, throttle publishes, kill the relay, poison one consumer')
  .option('--seed <number>', 'seed of the workload and of the faults', count, 1)
  .option('--no-workload', 'start without the sample workload')
  .option('--no-watch', 'do not deploy again when the sources change')
  .option('--json', 'one JSON object on stdout (with --once)')
  .addHelpText(
    'after',
    '\nExamples:\n  waybill start\n  waybill start --once --events 500 --json\n  waybill start --once --chaos\n  waybill start --system commerce --once --orders 1000 --json',
  )
  .action(async (options) => {
    (await import('./commands/check-system.ts')).checkSystem(options.system);
    return (await import('./commands/start.ts')).start(options);
  });

program
  .command('aws')
  .description('start the embedded AWS alone, empty, for tests in any language')
  .option('-p, --port <number>', 'port to listen on; 0 takes a free one', port, 4566)
  .option('--host <address>', 'address to listen on; whoever reaches it is the account root', '127.0.0.1')
  .option('--region <name>', 'region', 'us-east-1')
  .option('--strict', 'enforce policies as AWS does, also where a resource has none')
  .option('--state <directory>', 'keep everything acknowledged there, through restarts and kill -9')
  .option('--json', 'print the endpoint as one JSON object')
  .addHelpText(
    'after',
    '\nExample:\n  waybill aws --port 4566\n  aws --endpoint-url http://127.0.0.1:4566 sqs create-queue --queue-name orders\n\nWith the CDK command line (docs/local-run.md):\n  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1\n  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n  npx cdk bootstrap aws://000000000000/us-east-1\n  npx cdk deploy --all --require-approval never',
  )
  .action(async (options) => (await import('./commands/aws.ts')).aws(options));

program
  .command('cost')
  .description(
    'what an environment costs by the month, idle and at the declared load, and whether its capacity suffices',
  )
  .option('--env <name>', 'environment to synthesize', 'prod')
  .option('--region <name>', 'prices and quotas of this Region; by default that of the stacks')
  .option('--compare <ref>', 'what has changed since a git revision, or since a cdk.out directory')
  .option('--json', 'one JSON object on stdout')
  .addHelpText(
    'after',
    '\nExamples:\n  waybill cost --env staging\n  waybill cost --compare main\n  waybill cost --compare cdk.out/prod --json',
  )
  .action(async (options) => (await import('./commands/cost.ts')).cost(options));

program
  .command('advise')
  .description('by what is measured, whether agents stay on PostgreSQL or go to Redis Streams or SNS/SQS')
  .option('--metrics <source>', 'the address of GET /events/metrics, a file with its answer, or - for stdin')
  .option('--stage <name>', 'instead: the figures that a deployed environment has in CloudWatch')
  .option('--env <name>', 'environment whose sizes the costs are of; by default the stage, else prod')
  .option('--region <name>', 'prices of this Region')
  .option('--threshold <name=value...>', 'another limit, for example latency=250', [])
  .option('--needs <name...>', 'ordering, guaranteed-delivery; no- before it where it is not needed', [])
  .option('--regions <number>', 'Regions that the system is to run in', count)
  .option('--json', 'one JSON object on stdout')
  .addHelpText(
    'after',
    '\nAn operator token for the address is read from WAYBILL_TOKEN.\n\nExamples:\n  waybill advise --metrics https://api.example.com/events/metrics\n  waybill advise --metrics metrics.json --needs ordering guaranteed-delivery --regions 1\n  waybill advise --stage prod --threshold events-per-day=50000 --json',
  )
  .action(async (options) => (await import('./commands/advise.ts')).advise(options));

program
  .command('proofs')
  .description('prove that every event reaches its consumers and nobody else, from the synthesized templates')
  .option('-c, --context <key=value...>', 'context of the synth, for example env=prod', [])
  .option('--assembly <directory>', 'a cloud assembly that is there, instead of a synth')
  .option('--json', 'one JSON object on stdout')
  .addHelpText(
    'after',
    '\nExits with 1 on any break.\n\nExamples:\n  waybill proofs -c env=prod\n  waybill proofs --assembly cdk.out/prod --json',
  )
  .action(async (options) => (await import('./commands/proofs.ts')).proofs(options));

const region = program.command('region').description('move a system to another Region, and back');
region
  .command('failover')
  .description('stop the Region that is left, publish again what it lost, and start the one that stands by')
  .requiredOption('--from <region>', 'the Region that is left; it need not answer')
  .requiredOption('--to <region>', 'the Region that takes over')
  .requiredOption('--assembly <directories...>', 'the cloud assemblies that are deployed: one of each Region')
  .option('--system <name>', 'system to move', 'commerce')
  .option('--database-url <url>', 'the database in the new Region; DATABASE_URL unless given')
  .option('--since <time>', 'publish again what was published from then on, in ISO 8601', time)
  .option('--dry-run', 'say what would be done, and change nothing')
  .addHelpText(
    'after',
    '\nFailing back is the same, the other way round. Runbook: docs/runbooks/region-failover.md\n\nExample:\n  waybill region failover --from us-east-1 --to us-west-2 --assembly cdk.out cdk.out-standby --dry-run',
  )
  .action(async (options) => (await import('./commands/region.ts')).failover(options));
region
  .command('fence')
  .description('stop publishing and sagas in a Region that another one has taken over from')
  .argument('<region>', 'the Region that was left, once it answers')
  .requiredOption('--assembly <directories...>', 'the cloud assemblies that are deployed: one of each Region')
  .option('--system <name>', 'system that was moved', 'commerce')
  .action(async (name, options) => (await import('./commands/region.ts')).fenceRegion(name, options));

program
  .command('explain')
  .description('what a code means, why it matters and what to do; without a code, the list of all')
  .argument('[code]', 'WAYBILL_W10, W10, or Waybill-W10 as a report names it')
  .option('--json', 'one JSON object on stdout')
  .addHelpText('after', '\nExamples:\n  waybill explain W10\n  waybill explain WAYBILL_ALERT_TOPIC_MISSING')
  .action(async (code, options) => (await import('./commands/explain.ts')).explain(code, options));

const contracts = program.command('contracts').description('the catalogue and its lock file');
contracts
  .command('check')
  .description('compare the catalogue with its lock file; fails on a change that would break consumers')
  .option('--catalogue <file>', 'the module that exports `events`', 'catalog/index.ts')
  .option('--json', 'one JSON object on stdout')
  .action(async (options) => (await import('./commands/contracts.ts')).check(options));
contracts
  .command('lock')
  .description('record the catalogue in its lock file')
  .option('--catalogue <file>', 'the module that exports `events`', 'catalog/index.ts')
  .action(async (options) => (await import('./commands/contracts.ts')).lock(options));

const controls = program
  .command('controls')
  .description(
    'kill switches and circuit breakers of what is deployed, in AWS or where AWS_ENDPOINT_URL says',
  );
const change = (verb: string): Command =>
  controls
    .command(verb)
    .requiredOption('--why <text>', 'the reason, for the audit')
    .option('--table <name>', 'the controls table, where there are several')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'say what would be done')
    .option('--json', 'one JSON object on stdout');
controls
  .command('list')
  .description('switches, breakers, and the state of each consumer')
  .option('--table <name>', 'the controls table, where there are several')
  .option('--json', 'one JSON object on stdout')
  .action(async (options) => (await import('./commands/controls.ts')).list(options));
controls
  .command('audit')
  .description('who changed what, when and why')
  .option('--table <name>', 'the controls table, where there are several')
  .option('--json', 'one JSON object on stdout')
  .action(async (options) => (await import('./commands/controls.ts')).audit(options));
change('pause')
  .description('switch a consumer off, or park the messages of a tenant')
  .option('--consumer <name>', 'the consumer; with --tenant only for this one')
  .option('--tenant <id>', 'the tenant')
  .action(async (options) => (await import('./commands/controls.ts')).pause(options));
change('resume')
  .description('switch it on again; parked messages go first, in their order')
  .option('--consumer <name>', 'the consumer')
  .option('--tenant <id>', 'the tenant')
  .option('--within <seconds>', 'stop after so long; it can be run again', count, 3_600)
  .option(
    '--forget-notes',
    'of released messages that SQS has dead-lettered, see the runbook parked-messages',
  )
  .action(async (options) => (await import('./commands/controls.ts')).resume(options));
change('breaker')
  .description('force a circuit breaker open or closed, or let it decide again')
  .argument('<dependency>')
  .argument('<state>', 'open, closed or auto')
  .action(async (dependency, state, options) =>
    (await import('./commands/controls.ts')).breaker(dependency, state, options),
  );

const transport = program
  .command('transport')
  .description('by which transport consumers get their events, and moving them without loss or repetition');
const ofDatabase = (command: Command): Command =>
  command
    .option('--database-url <url>', 'the database of the record; DATABASE_URL unless given')
    .option('--schema <name>', 'the PostgreSQL schema of the system; WAYBILL_DATABASE_SCHEMA unless given')
    .option('--json', 'one JSON object on stdout for each consumer');
const moving = (command: Command): Command =>
  ofDatabase(command)
    .argument('<consumers...>', 'one after the other; the first that is refused ends it')
    .requiredOption('--why <text>', 'the reason, for who asks later')
    .addOption(
      new Option(
        '--dead-letters <what>',
        'what the old transport gave up: stays so, or is tried out of order',
      )
        .choices(['leave', 'retry'])
        .default('leave'),
    )
    .option('--given-up <eventIds...>', 'what sns-sqs gave up: the eventIds in its dead-letter queue')
    .option('--stream <name>', 'the stream whose dead letters are looked at, when it leaves redis')
    .option('--partitions <number>', 'of that stream', count)
    .option('--function <name>', 'the function behind the queue, where several have the consumer')
    .option('--force', 'move although a check says that events could be lost or have their effect twice')
    .option('--within <seconds>', 'wait so long for effects in work', count, 10)
    .option('--inbox-retention <days>', 'what purgeInbox() is given; 43 unless told', count)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'say what would be done, and what is in the way');
ofDatabase(transport.command('status').argument('[consumer]', 'all unless given'))
  .description('where consumers are live, where they could move, and how far the mirrors are')
  .action(async (consumer, options) => (await import('./commands/transport.ts')).status(consumer, options));
ofDatabase(transport.command('parity').argument('<consumer>'))
  .description('what came to its shadow on another transport, against the record; fails where they differ')
  .requiredOption('--on <transport>', 'the transport that the shadow watches: postgres, redis or sns-sqs')
  .option('--types <names...>', 'events that it handles; as it has registered unless given')
  .option('--since <time>', 'recorded from then on, in ISO 8601', time)
  .option('--after <position>', 'behind this position; where the mirror began unless given', countOrZero)
  .option('--settle <seconds>', 'what is younger may be on its way; 30 unless told', countOrZero)
  .action(async (consumer, options) => (await import('./commands/transport.ts')).parity(consumer, options));
moving(transport.command('move'))
  .description('from now on effects happen by another transport')
  .requiredOption('--to <transport>', 'postgres, redis or sns-sqs')
  .option('--from <transport>', 'refuse where it is live on another')
  .addHelpText(
    'after',
    '\nRunbook: docs/runbooks/transport-migration.md\n\nExample:\n  waybill transport move sentiment --to redis --why "10,000 events a day" --dry-run',
  )
  .action(async (consumers, options) => (await import('./commands/transport.ts')).move(consumers, options));
moving(transport.command('rollback'))
  .description('back to where it came from with its last move')
  .action(async (consumers, options) =>
    (await import('./commands/transport.ts')).rollback(consumers, options),
  );
ofDatabase(transport.command('release').argument('<consumer>').argument('[eventIds...]', 'all unless given'))
  .description('let events be handled again that a move left given up')
  .action(async (consumer, eventIds, options) =>
    (await import('./commands/transport.ts')).release(consumer, eventIds, options),
  );

// Whoever reads the output may have seen enough: `waybill explain | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    process.stderr.write(describeError(error));
    process.exitCode = EXIT.failed;
  }
}

function time(value: string): Date {
  const parsed = new Date(value);
  if (Number.isNaN(parsed.getTime()))
    throw new InvalidArgumentError('Give a time such as 2026-11-02T06:15:00Z.');
  return parsed;
}

function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new InvalidArgumentError('a port is a whole number from 0 to 65535.');
  }
  return number;
}

function countOrZero(value: string): number {
  return value === '0' ? 0 : count(value);
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('give a whole number above zero.');
  return number;
}
