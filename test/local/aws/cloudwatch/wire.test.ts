import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';
import { decodeCbor, encodeCbor } from '../../../../local/aws/protocols/cbor.ts';
import { ALARM } from './harness.ts';

let aws: EmbeddedAws;
let client: CloudWatchClient;
beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  client = new CloudWatchClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
  });
  await client.send(new PutMetricAlarmCommand(ALARM as PutMetricAlarmCommand['input']));
});
afterAll(async () => {
  client.destroy();
  await aws.close();
});

const summed = (name: string) =>
  aws.services.monitoring.metric({ namespace: 'wire', name, dimensions: {}, statistic: 'Sum' });

async function cbor(action: string, input: unknown, headers: Record<string, string> = {}, body?: Buffer) {
  const response = await fetch(
    `${aws.endpointUrl}/service/GraniteServiceVersion20100801/operation/${action}`,
    {
      method: 'POST',
      headers: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor', ...headers },
      body: body ?? encodeCbor(input, new Set()),
    },
  );
  const output = decodeCbor(Buffer.from(await response.arrayBuffer()));
  return { status: response.status, headers: response.headers, output };
}

const query = async (form: Record<string, string>) => {
  const body = new URLSearchParams({ Version: '2010-08-01', ...form });
  const response = await fetch(aws.endpointUrl, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
};

test('AWS JSON: the JavaScript SDK reads times as dates and errors by name', async () => {
  const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({}));
  expect(MetricAlarms?.[0]?.StateUpdatedTimestamp).toBeInstanceOf(Date);
  await expect(client.send(new GetDashboardCommand({ DashboardName: 'none' }))).rejects.toMatchObject({
    name: 'ResourceNotFound',
    $metadata: { httpStatusCode: 404 },
  });
});

test('CBOR: output, times and errors', async () => {
  const { status, headers, output } = await cbor('DescribeAlarms', {});
  expect(status).toBe(200);
  expect(headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
  expect(output).toMatchObject({ MetricAlarms: [{ AlarmName: 'high', Threshold: 5 }] });

  const refused = await cbor('GetDashboard', { DashboardName: 'none' });
  expect(refused.status).toBe(404);
  expect(refused.headers.get('x-amzn-query-error')).toBe('ResourceNotFound;Sender');
  expect(refused.output).toMatchObject({ __type: 'com.amazonaws.cloudwatch#DashboardNotFoundError' });
});

test('CBOR: a body that is none, and an action that does not exist, are answered', async () => {
  expect((await cbor('DescribeAlarms', {}, {}, Buffer.from('ff', 'hex'))).output).toMatchObject({
    __type: 'com.amazonaws.cloudwatch#SerializationException',
  });
  expect((await cbor('Nothing', {})).status).toBe(400);
});

test('a compressed request is read', async () => {
  const input = { Namespace: 'wire', MetricData: [{ MetricName: 'compressed', Value: 2 }] };
  const body = gzipSync(encodeCbor(input, new Set()));
  expect((await cbor('PutMetricData', {}, { 'content-encoding': 'gzip' }, body)).status).toBe(200);
  expect(summed('compressed')).toBe(2);
});

test('Query: numbers, lists and times as text', async () => {
  const put = await query({
    Action: 'PutMetricData',
    Namespace: 'wire',
    'MetricData.member.1.MetricName': 'query',
    'MetricData.member.1.Values.member.1': '1.5',
    'MetricData.member.1.Values.member.2': '2',
    'MetricData.member.1.Counts.member.1': '2',
    'MetricData.member.1.Counts.member.2': '1',
    'MetricData.member.1.Timestamp': new Date().toISOString(),
  });
  expect(put.status).toBe(200);
  expect(summed('query')).toBe(5);
  const described = await query({ Action: 'DescribeAlarms' });
  expect(described.text).toMatch(/<StateUpdatedTimestamp>\d{4}-\d\d-\d\dT[\d:.]+Z<\/StateUpdatedTimestamp>/);
  const refused = await query({ Action: 'GetDashboard', DashboardName: 'none' });
  expect(refused.status).toBe(404);
  expect(refused.text).toContain('<Code>ResourceNotFound</Code>');
});

test('an alarm put by Query is shown with numbers in JSON', async () => {
  await query({
    Action: 'PutMetricAlarm',
    AlarmName: 'by query',
    Namespace: 'wire',
    MetricName: 'query',
    Statistic: 'Sum',
    Period: '60',
    EvaluationPeriods: '2',
    Threshold: '1.5',
    ComparisonOperator: 'GreaterThanThreshold',
    ActionsEnabled: 'false',
  });
  const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: ['by query'] }));
  expect(MetricAlarms).toMatchObject([
    { Period: 60, EvaluationPeriods: 2, Threshold: 1.5, ActionsEnabled: false },
  ]);
});

test('the SDK’s own PutMetricData', async () => {
  await client.send(
    new PutMetricDataCommand({
      Namespace: 'wire',
      MetricData: [{ MetricName: 'sdk', Value: 3, Timestamp: new Date(), Unit: 'Count' }],
    }),
  );
  expect(summed('sdk')).toBe(3);
});
