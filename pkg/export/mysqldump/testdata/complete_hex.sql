/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */;

USE `shop`;

DROP TABLE IF EXISTS `people`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `people` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `email` varchar(300) NOT NULL DEFAULT 'no;' COMMENT 'it''s; (',
  `active` tinyint(1) DEFAULT NULL,
  `score` decimal(30,5) DEFAULT NULL,
  `ratio` double DEFAULT NULL,
  `secret` varbinary(50) DEFAULT NULL,
  `avatar` longblob DEFAULT NULL,
  `flag` bit(1) DEFAULT NULL,
  `feeling` enum('fine','so''; so') DEFAULT NULL,
  `doc` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`doc`)),
  `twice` bigint(20) GENERATED ALWAYS AS (`id` * 2) VIRTUAL,
  PRIMARY KEY (`id`),
  KEY `k` (`email`(10))
) ENGINE=InnoDB AUTO_INCREMENT=8 DEFAULT CHARSET=utf8mb4 COMMENT='peo;ple';
/*!40101 SET character_set_client = @saved_cs_client */;

CREATE TABLE `log` (
  `at` datetime(3) DEFAULT NULL,
  `what` text DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

INSERT INTO `people` (`id`, `email`, `active`, `score`, `ratio`, `secret`, `avatar`, `flag`, `feeling`, `doc`, `twice`) VALUES (1,'ada@example.org',1,1.50000,1.5e300,0x00FF,0x0001FF5C27221A0A0D25,0x01,'fine','{\"a\":\"b\\n\'\"}',2);
INSERT INTO `people` (`id`, `email`, `active`, `score`, `ratio`, `secret`, `avatar`, `flag`, `feeling`, `doc`, `twice`) VALUES (2,'tab	here\n\r\0\Z \\N \'quoted\' \"x\" %_',0,12345678901234567890.12345,-0.1,0x616263,'',0x00,'so\'; so',NULL,4);
INSERT INTO `people` (`id`, `email`, `active`, `score`, `ratio`, `secret`, `avatar`, `flag`, `feeling`, `doc`, `twice`) VALUES (3,'',NULL,-1.00000,1e-7,NULL,NULL,NULL,NULL,'null',6);
INSERT INTO `people` (`id`, `email`, `active`, `score`, `ratio`, `secret`, `avatar`, `flag`, `feeling`, `doc`, `twice`) VALUES (18446744073709551615,'é😀',1,0.00000,0,0xC3A9,NULL,0x01,NULL,'[]',NULL);
INSERT INTO `log` (`at`, `what`) VALUES ('2024-02-29 12:00:00.123','a');
INSERT INTO `log` (`at`, `what`) VALUES ('2024-02-29 12:00:01.000',NULL);

/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
/*!50003 SET sql_mode              = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 trigger t before insert on people for each row begin set @x = '\'; insert into people values (1); end */;;
DELIMITER ;
/*!50003 SET sql_mode              = @saved_sql_mode */ ;

/*!50001 CREATE TABLE `view` (
 `id` tinyint NOT NULL
) ENGINE=MyISAM */;
/*!50001 DROP TABLE IF EXISTS `view`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `view` AS select `people`.`id` AS `id` from `people` */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;

-- Dump completed on 2026-01-01 12:00:00
