/** The one call of Kinesis that the runtime makes, by hand: the SDK's client would add to every bundle that publishes. */
import type { Environment } from '../environment.ts';
import { callAws } from './signed-call.ts';

/** PutRecords, kinesis/latest/APIReference/API_PutRecords.html: what of it is used. */
export interface PutRecordsRequest {
  readonly StreamARN: string;
  readonly Records: { readonly Data: Uint8Array; readonly PartitionKey: string }[];
}

export interface PutRecordsAnswer {
  /** In the order of the request. */
  readonly Records?:
    | readonly {
        readonly SequenceNumber?: string | undefined;
        readonly ErrorCode?: string | undefined;
        readonly ErrorMessage?: string | undefined;
      }[]
    | undefined;
}

/** What is called of a client. `new Kinesis({...})` of `@aws-sdk/client-kinesis` is one. */
export interface KinesisSender {
  putRecords(request: PutRecordsRequest): Promise<PutRecordsAnswer>;
}

/** Endpoint and credentials are those of the environment, as for the clients of the SDK (clients.ts). */
export function kinesisSender(environment: Environment): KinesisSender {
  return {
    async putRecords({ StreamARN, Records }) {
      const [, partition = 'aws', , region = ''] = StreamARN.split(':');
      const records = Records.map(({ Data, PartitionKey }) => ({
        Data: Buffer.from(Data).toString('base64'),
        PartitionKey,
      }));
      const answer = await callAws(environment, {
        endpoint: 'KINESIS',
        service: 'kinesis',
        region,
        partition,
        method: 'POST',
        path: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'Kinesis_20131202.PutRecords',
        },
        body: JSON.stringify({ StreamARN, Records: records }),
      });
      return answer as PutRecordsAnswer;
    },
  };
}
