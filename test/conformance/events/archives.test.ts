/** Archives and replays. */
import {
  CancelReplayCommand,
  CreateArchiveCommand,
  DeleteArchiveCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListArchivesCommand,
  ListReplaysCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
  type CreateArchiveCommandInput,
} from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, bus, eventOf, GUIDE, type TestBus } from './rules.ts';

const behaviour = behavioursOf('events');
const NOT_FOUND = 'ResourceNotFoundException';
const VALIDATION = 'ValidationException';

async function archive(aws: Conformance, shop: TestBus, input: Partial<CreateArchiveCommandInput> = {}) {
  const ArchiveName = aws.uniqueName('archive');
  const { ArchiveArn = '' } = await aws.events.send(
    new CreateArchiveCommand({ ArchiveName, EventSourceArn: shop.arn, ...input }),
  );
  aws.cleanup(() => aws.events.send(new DeleteArchiveCommand({ ArchiveName })));
  return { name: ArchiveName, arn: ArchiveArn };
}

/** A replay of all that an archive holds. */
async function replay(aws: Conformance, shop: TestBus, archiveArn: string, FilterArns?: string[]) {
  const ReplayName = aws.uniqueName('replay');
  await aws.events.send(
    new StartReplayCommand({
      ReplayName,
      EventSourceArn: archiveArn,
      EventStartTime: new Date('2020-01-01T00:00:00Z'),
      EventEndTime: new Date('2100-01-01T00:00:00Z'),
      Destination: { Arn: shop.arn, ...(FilterArns ? { FilterArns } : {}) },
    }),
  );
  return ReplayName;
}

/** AWS takes up to ten minutes until an event can be replayed. */
const settled = (aws: Conformance) => aws.wait(aws.embedded ? 1 : 600);

behaviour('an archive describes itself', `${API}/API_DescribeArchive.html`, async (aws) => {
  const shop = await bus(aws);
  const { name, arn } = await archive(aws, shop, { RetentionDays: 3, Description: 'orders' });

  expect(await aws.events.send(new DescribeArchiveCommand({ ArchiveName: name }))).toMatchObject({
    ArchiveName: name,
    ArchiveArn: arn,
    EventSourceArn: shop.arn,
    RetentionDays: 3,
    Description: 'orders',
  });
});

behaviour('an archive that exists is not made again', `${API}/API_CreateArchive.html`, async (aws) => {
  const shop = await bus(aws);
  const { name } = await archive(aws, shop);

  await refused(
    aws.events.send(new CreateArchiveCommand({ ArchiveName: name, EventSourceArn: shop.arn })),
    'ResourceAlreadyExistsException',
  );
});

behaviour(
  'an archive of a bus that does not exist is not found',
  `${API}/API_CreateArchive.html`,
  async (aws) => {
    const shop = await bus(aws);

    await refused(
      aws.events.send(
        new CreateArchiveCommand({ ArchiveName: aws.uniqueName(), EventSourceArn: `${shop.arn}-not` }),
      ),
      NOT_FOUND,
    );
  },
);

behaviour(
  'the name of an archive has at most 48 characters',
  `${API}/API_CreateArchive.html`,
  async (aws) => {
    const shop = await bus(aws);

    await refused(
      aws.events.send(new CreateArchiveCommand({ ArchiveName: 'x'.repeat(49), EventSourceArn: shop.arn })),
      VALIDATION,
    );
  },
);

behaviour('an archive with an invalid pattern is refused', `${API}/API_CreateArchive.html`, async (aws) => {
  const shop = await bus(aws);

  await refused(archive(aws, shop, { EventPattern: '{"source":"shop"}' }), 'InvalidEventPatternException');
});

behaviour(
  'retention and description of an archive can be changed',
  `${API}/API_UpdateArchive.html`,
  async (aws) => {
    const shop = await bus(aws);
    const { name } = await archive(aws, shop);
    await aws.events.send(
      new UpdateArchiveCommand({ ArchiveName: name, RetentionDays: 9, Description: 'new' }),
    );

    expect(await aws.events.send(new DescribeArchiveCommand({ ArchiveName: name }))).toMatchObject({
      RetentionDays: 9,
      Description: 'new',
    });
  },
);

behaviour('archives are listed by prefix and by bus', `${API}/API_ListArchives.html`, async (aws) => {
  const shop = await bus(aws);
  const { name } = await archive(aws, shop);
  const byPrefix = await aws.events.send(new ListArchivesCommand({ NamePrefix: name }));
  const byBus = await aws.events.send(new ListArchivesCommand({ EventSourceArn: shop.arn }));

  expect(byPrefix.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual([name]);
  expect(byBus.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual([name]);
});

behaviour('an archive that does not exist is not found', `${API}/API_DeleteArchive.html`, async (aws) => {
  const ArchiveName = aws.uniqueName();

  await refused(aws.events.send(new DescribeArchiveCommand({ ArchiveName })), NOT_FOUND);
  await refused(aws.events.send(new DeleteArchiveCommand({ ArchiveName })), NOT_FOUND);
});

behaviour(
  'a replay brings the events again, marked with its name',
  `${GUIDE}/eb-replay-archived-event.html`,
  async (aws) => {
    const shop = await bus(aws);
    const { arn } = await archive(aws, shop);
    const queue = await (await shop.rule()).queue();
    const id = await shop.put({ n: 1 });
    const [first] = await queue.receive(1);
    expect(eventOf(first)).not.toHaveProperty('replay-name');
    await queue.delete(first);
    await settled(aws);
    const ReplayName = await replay(aws, shop, arn);
    await settled(aws);

    const [again] = await queue.receive(1);
    expect(eventOf(again)).toMatchObject({ id, 'replay-name': ReplayName, detail: { n: 1 } });
    expect(await aws.events.send(new DescribeReplayCommand({ ReplayName }))).toMatchObject({
      State: 'COMPLETED',
      EventSourceArn: arn,
    });
  },
);

behaviour('an archive keeps only what its pattern matches', `${GUIDE}/eb-archive-event.html`, async (aws) => {
  const shop = await bus(aws);
  const { name } = await archive(aws, shop, { EventPattern: '{"detail":{"keep":[true]}}' });
  await shop.put({ keep: true });
  await shop.put({ keep: false });
  await settled(aws);

  expect((await aws.events.send(new DescribeArchiveCommand({ ArchiveName: name }))).EventCount).toBe(1);
});

behaviour('a replay can be limited to rules', `${API}/API_ReplayDestination.html`, async (aws) => {
  const shop = await bus(aws);
  const { arn } = await archive(aws, shop);
  const chosen = await shop.rule();
  const [one, other] = [await chosen.queue(), await (await shop.rule()).queue()];
  await shop.put({ n: 1 });
  for (const queue of [one, other]) await queue.delete((await queue.receive(1))[0]);
  await settled(aws);
  await replay(aws, shop, arn, [chosen.arn]);
  await settled(aws);

  expect(await one.receive(1)).toHaveLength(1);
  expect(await other.receiveOnce()).toEqual([]);
});

behaviour('replayed events are not archived again', `${GUIDE}/eb-archive.html`, async (aws) => {
  const shop = await bus(aws);
  const { name, arn } = await archive(aws, shop);
  await shop.put({ n: 1 });
  await settled(aws);
  await replay(aws, shop, arn);
  await settled(aws);

  expect((await aws.events.send(new DescribeArchiveCommand({ ArchiveName: name }))).EventCount).toBe(1);
});

behaviour('events go when their retention has ended', `${GUIDE}/eb-archive-event.html`, async (aws) => {
  const shop = await bus(aws);
  const { name } = await archive(aws, shop, { RetentionDays: 1 });
  await shop.put({ n: 1 });
  await aws.wait(86_401);

  expect((await aws.events.send(new DescribeArchiveCommand({ ArchiveName: name }))).EventCount).toBe(0);
});

behaviour('a replay to another bus is refused', `${API}/API_StartReplay.html`, async (aws) => {
  const [shop, other] = [await bus(aws), await bus(aws)];
  const { arn } = await archive(aws, shop);

  await refused(replay(aws, other, arn), VALIDATION);
});

behaviour('a replay that ends before it begins is refused', `${API}/API_StartReplay.html`, async (aws) => {
  const shop = await bus(aws);
  const { arn } = await archive(aws, shop);

  await refused(
    aws.events.send(
      new StartReplayCommand({
        ReplayName: aws.uniqueName(),
        EventSourceArn: arn,
        EventStartTime: new Date('2026-02-01T00:00:00Z'),
        EventEndTime: new Date('2026-01-01T00:00:00Z'),
        Destination: { Arn: shop.arn },
      }),
    ),
    VALIDATION,
  );
});

behaviour('a replay has a name of its own', `${API}/API_StartReplay.html`, async (aws) => {
  const shop = await bus(aws);
  const { arn } = await archive(aws, shop);
  const ReplayName = await replay(aws, shop, arn);
  const { Replays } = await aws.events.send(new ListReplaysCommand({ NamePrefix: ReplayName }));

  expect(Replays?.map((one) => one.ReplayName)).toEqual([ReplayName]);
  await refused(
    aws.events.send(
      new StartReplayCommand({
        ReplayName,
        EventSourceArn: arn,
        EventStartTime: new Date('2026-01-01T00:00:00Z'),
        EventEndTime: new Date('2026-02-01T00:00:00Z'),
        Destination: { Arn: shop.arn },
      }),
    ),
    'ResourceAlreadyExistsException',
  );
});

behaviour('a replay that does not exist is not found', `${API}/API_DescribeReplay.html`, async (aws) => {
  const ReplayName = aws.uniqueName();

  await refused(aws.events.send(new DescribeReplayCommand({ ReplayName })), NOT_FOUND);
  await refused(aws.events.send(new CancelReplayCommand({ ReplayName })), NOT_FOUND);
});
