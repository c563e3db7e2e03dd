/** The application: what was there before, and two stacks that use Waybill. */
import { App } from 'aws-cdk-lib';
import type { AppProps } from 'aws-cdk-lib';
import { ExistingStack } from './existing-stack.ts';
import { FulfilmentStack } from './fulfilment-stack.ts';
import { OrdersStack } from './orders-stack.ts';

export function createApplication(props?: AppProps): App {
  const app = new App(props);
  const existing = new ExistingStack(app, 'Existing');
  const { orders } = new OrdersStack(app, 'Orders', { accounting: existing.accounting });
  new FulfilmentStack(app, 'Fulfilment', { orders });
  return app;
}
