/** Synthesizes, and checks for messages that would be lost in silence: in the old stack as well as in the new ones. */
import { Validations } from 'aws-cdk-lib';
import { WaybillChecks } from 'waybill/nag';
import { createApplication } from '../lib/application.ts';

const app = createApplication();
Validations.of(app).addPlugins(new WaybillChecks(app));
app.synth();
