/**
 * The carrier's account gets the shop's two events, and nobody else does. Proven on the templates, where two accounts
 * are two; run in the embedded AWS, which is one account.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expectDelivery, proveAssembly, readAssembly, startAws } from 'waybill/testing';
import type { Assembly } from 'waybill/testing';
import { decide } from '../../lib/access/index.ts';
import { messagingOf } from '../../lib/assembly/index.ts';
import { checkAssembly, describeFinding } from '../../lib/guards/index.ts';
import { CustomerErased, OrderConfirmed, OrderPlaced, ShipmentArranged } from '../../catalog/index.ts';
import { createApplication } from '../../examples/partner-account/application.ts';
import type { Places } from '../../examples/partner-account/application.ts';
import type { Fulfilled } from '../../examples/partner-account/handlers/fulfilment.ts';

const PLACES = { region: 'us-east-1', shopAccount: '111111111111', carrierAccount: '222222222222' };
const STRANGER = '333333333333';
/** What the embedded AWS is. */
const ONE_ACCOUNT = { region: 'us-east-1', shopAccount: '000000000000', carrierAccount: '000000000000' };
const created: string[] = [];
let assembly: Assembly;

beforeAll(() => {
  assembly = readAssembly(synthesize('accounts', PLACES, addStranger));
});

afterAll(() => {
  for (const directory of created) rmSync(directory, { recursive: true, force: true });
});

describe('the carrier', () => {
  test('gets shipments of the bus and confirmed orders of the topic; what fails is kept where it fails', () => {
    expectDelivery(assembly)
      .of(ShipmentArranged)
      .from('Shop/Fulfilment')
      .reaches('Carrier/Pickups')
      .deadLettersTo('Carrier/Pickups/DeadLetterQueue');
    expectDelivery(assembly)
      .of(OrderConfirmed)
      .from('Shop/Fulfilment')
      .reaches('Carrier/Manifests')
      .deadLettersTo('Carrier/Manifests/DeadLetterQueue');
  });

  test('gets nothing else of the shop, and publishes nothing there', () => {
    for (const contract of [CustomerErased, OrderPlaced]) {
      for (const consumer of ['Carrier/Pickups', 'Carrier/Manifests']) {
        expectDelivery(assembly).of(contract).from('Shop/Bus').isForbiddenFor(consumer);
        expectDelivery(assembly).of(contract).from('Shop/OrderEvents').isForbiddenFor(consumer);
      }
    }
  });

  test('no guard finds anything, and no claim of the topology is broken', () => {
    const own = readAssembly(synthesize('own', PLACES));
    const findings = checkAssembly(own).map(({ guard, finding }) => describeFinding(guard, finding));
    expect(findings).toEqual([]);
    const proofs = proveAssembly(own);
    expect(proofs.filter(({ kind }) => kind === 'delivery').length).toBeGreaterThan(1);
    expect(
      proofs.flatMap(({ claim, breaks }) => breaks.map(({ message }) => `${claim}: ${message}`)),
    ).toEqual([]);
  });
});

describe('a role that may do everything', () => {
  // Each is allowed to its owner, so that a denial is not for another reason.
  test.each([
    ['publish on the topic', 'sns:Publish', 'Shop/OrderEvents/Topic', 'Shop'],
    ['publish on the bus', 'events:PutEvents', 'Shop/Bus/Bus', 'Shop'],
    ['make a rule on the bus', 'events:PutRule', 'Shop/Bus/Bus', 'Shop'],
    ["open what is under the shop's key", 'kms:Decrypt', 'Shop/ShopKey', 'Shop'],
    [
      "receive from the carrier's queue of shipments",
      'sqs:ReceiveMessage',
      'Carrier/Pickups/Queue',
      'Carrier',
    ],
    ["send to the carrier's queue of shipments", 'sqs:SendMessage', 'Carrier/Pickups/Queue', 'Carrier'],
    ["send to the carrier's queue of orders", 'sqs:SendMessage', 'Carrier/Manifests/Queue', 'Carrier'],
    ["open what is under the carrier's key", 'kms:Decrypt', 'Carrier/CarrierKey', 'Carrier'],
  ])('may %s in the account that owns it, and in no other', (_, action, resource, owner) => {
    for (const account of ['Shop', 'Carrier', 'Stranger']) {
      const expected = account === owner ? 'allowed' : 'denied';
      expect([account, verdictOf(account, action, resource)]).toEqual([account, expected]);
    }
  });

  test.each([
    ['Carrier', 'Carrier/Manifests/Queue', 'allowed'],
    ['Carrier', 'Carrier/Pickups/Queue', 'denied'],
    ['Carrier', 'Stranger/Queue', 'denied'],
    ['Stranger', 'Carrier/Manifests/Queue', 'denied'],
    ['Stranger', 'Stranger/Queue', 'denied'],
  ])('of %s, subscribing %s to the topic: %s', (account, queue, expected) => {
    const keys = { 'sns:Endpoint': arnOf(queue), 'sns:Protocol': 'sqs' };
    expect(verdictOf(account, 'sns:Subscribe', 'Shop/OrderEvents/Topic', keys)).toBe(expected);
  });

  test('of another account gets neither event', () => {
    for (const contract of [ShipmentArranged, OrderConfirmed]) {
      const delivery = expectDelivery(assembly).of(contract).from('Shop/Fulfilment');
      delivery.isForbiddenFor('Stranger/Everything').isForbiddenFor('Stranger/Queue');
    }
  });
});

test('run in one account: the shop publishes, both handlers of the carrier take it', async () => {
  await using aws = await startAws({ frozen: true });
  await aws.deploy(synthesize('one', ONE_ACCOUNT));
  const fulfilled = {
    tenantId: 'acme',
    order: OrderConfirmed.examples[0]!,
    shipment: ShipmentArranged.examples[0]!,
  } as Fulfilled;

  await aws.function('Fulfilment').invoke(fulfilled);
  await aws.settled();

  for (const consumer of ['Pickups', 'Manifests']) {
    const runs = aws.function(consumer).invocations();
    expect([consumer, runs.map(({ errorType }) => errorType)]).toEqual([consumer, [undefined]]);
    expect(aws.queue(`${consumer}/DeadLetterQueue`).messages()).toEqual([]);
  }
  expect(aws.denied()).toEqual([]);
});

/** Without the feature flags of this repository, as the example's own cdk.json has none. */
function synthesize(name: string, places: Places, more: (app: App) => void = () => undefined): string {
  const outdir = `.waybill/test-partner-account-${name}-${process.pid}`;
  created.push(outdir);
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  createApplication(app, places);
  more(app);
  app.synth();
  return outdir;
}

/** A third account with a queue; and in each of the three a role that may do everything, as far as its account goes. */
function addStranger(app: App): void {
  const stranger = new Stack(app, 'Stranger', { env: { account: STRANGER, region: PLACES.region } });
  new Queue(stranger, 'Queue', { queueName: 'stranger.fifo', fifo: true });
  for (const id of ['Shop', 'Carrier', 'Stranger']) {
    const stack = app.node.findChild(id) as Stack;
    const role = new Role(stack, 'Everything', { assumedBy: new AccountPrincipal(stack.account) });
    role.addToPolicy(new PolicyStatement({ actions: ['*'], resources: ['*'] }));
  }
}

function verdictOf(
  account: string,
  action: string,
  constructPath: string,
  keys?: Readonly<Record<string, string>>,
): string {
  const messaging = messagingOf(assembly);
  const role = messaging.roles.find(({ resource }) => resource.constructPath === `${account}/Everything`);
  return decide(messaging, {
    actor: { kind: 'role', role: role! },
    action,
    resourceArn: arnOf(constructPath),
    ...(keys === undefined ? {} : { keys }),
  }).verdict;
}

function arnOf(constructPath: string): string {
  const found = assembly.resources.filter((resource) => resource.constructPath === constructPath);
  expect([constructPath, found.length]).toEqual([constructPath, 1]);
  return found[0]!.arn!;
}
