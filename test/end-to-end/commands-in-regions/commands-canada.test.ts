import { canada } from './canada-home.js';
import { describeCommands } from './suite.js';

const [kia, hyundai] = [canada('kia'), canada('hyundai')];

// All brands are told the same there: each tells one kind of car.
describeCommands('every command in Canada', [
  { ...kia, cars: kia.cars.slice(0, 1) },
  { ...hyundai, cars: hyundai.cars.slice(1) },
]);
