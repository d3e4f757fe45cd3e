// A CommonJS dependency of the test.
module.exports = require('nestjs-oslo-messaging');
